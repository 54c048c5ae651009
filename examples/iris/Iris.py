"""A scikit-learn classifier as a Seldon component."""

from pathlib import Path

import joblib

WEIGHTS = Path(__file__).parent / "model.joblib"


class Iris:
    """Tells the species of an iris from the lengths and widths of its sepal and petal, in cm."""

    class_names = ("setosa", "versicolor", "virginica")

    def __init__(self):
        self.model = joblib.load(WEIGHTS)

    def predict(self, X, features_names=None):
        """Return the probability of each species, one row per flower."""
        return self.model.predict_proba(X)
