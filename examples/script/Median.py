# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "more-itertools>=10",
# ]
# ///
"""A model in one file, which says itself what it needs (PEP 723)."""

import numpy as np
from more_itertools import chunked


class Median:
    """Answers with the medians of pairs."""

    def predict(self, X, features_names=None):
        """Return the median of each pair of a row."""
        return np.array([[float(np.median(pair)) for pair in chunked(row, 2)] for row in X])
