"""A model that cannot answer."""

# ruff: noqa: ARG002, N803 - the signature is Seldon's


class Failing:
    def predict(self, X: object, features_names: object = None) -> object:
        raise ValueError("this model never answers")
