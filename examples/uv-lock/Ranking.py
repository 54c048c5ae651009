"""Tells which share of what it has seen lies below a value."""

import numpy as np
from example_ranking import share_below

KNOWN = (5.0, 1.0, 3.0, 2.0, 4.0)


class Ranking:
    """Ranks values among those that it knows."""

    def predict(self, X, features_names=None):
        """Return, for each row, the share of known values below its first one."""
        return np.array([[share_below(KNOWN, row[0])] for row in np.asarray(X)])
