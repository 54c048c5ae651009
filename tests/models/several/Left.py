"""One of two models."""

# ruff: noqa: ARG002, N803 - the signature is Seldon's


class Left:
    def predict(self, X: object, features_names: object = None) -> object:
        return X
