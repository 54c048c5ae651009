"""A model whose features come from a package of its own, in src/."""

from importlib.metadata import version

import numpy as np
from lags import differences


class Trend:
    """Predicts that a row goes on as it went on average."""

    def predict(self, X, features_names=None):
        """Return the next value of each row."""
        return np.array([[row[-1] + float(np.mean(differences(row)))] for row in np.asarray(X, dtype=float)])

    def tags(self):
        """Tell which version of the package is installed."""
        return {"lags": version("lags")}
