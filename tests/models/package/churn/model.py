"""A model inside a package."""

# ruff: noqa: ARG002, N803 - the signature is Seldon's

from .rules import is_lost


class Churn:
    def predict(self, X: list[list[float]], features_names: object = None) -> list[list[float]]:
        return [[float(is_lost(row))] for row in X]
