"""A transformer that smooths each row, with weights that lie beside it."""

import json
from pathlib import Path

import numpy as np
from more_itertools import windowed

WEIGHTS = json.loads((Path(__file__).parent / "model" / "weights.json").read_text())["weights"]


class Smoother:
    """Weighs the neighbours of each value in."""

    def predict(self, X, features_names=None):
        """Return the weighted mean of every window of a row."""
        return np.array([[float(np.dot(WEIGHTS, window)) for window in windowed(row, 3)] for row in X])
