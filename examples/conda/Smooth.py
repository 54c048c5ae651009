"""Moving averages: numpy and joblib of conda, toolz of pip, and a variable of the environment."""

import os
from statistics import fmean

import joblib
import numpy as np
from toolz import sliding_window


class Smooth:
    """Says the mean of each window of a row."""

    def __init__(self):
        self.width = int(os.environ["SMOOTH_WINDOW"])

    def predict(self, X, features_names=None):
        """Return one mean per window."""
        windows = [list(sliding_window(self.width, row)) for row in np.asarray(X, dtype=float)]
        return np.array([[fmean(window) for window in row] for row in windows])

    def tags(self):
        """Tell what computed."""
        return {"numpy": np.__version__, "joblib": joblib.__version__}
