"""Tells which share of what it has seen lies below a value."""

import numpy as np
from sortedcontainers import SortedList


class Ranking:
    """Ranks values among those that it knows."""

    def __init__(self):
        self.known = SortedList([5.0, 1.0, 3.0, 2.0, 4.0])

    def predict(self, X, features_names=None):
        """Return, for each row, the share of known values below its first one."""
        return np.array([[self.known.bisect_left(row[0]) / len(self.known)] for row in np.asarray(X)])
