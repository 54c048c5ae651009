"""A module that is named as style guides want it."""

# ruff: noqa: ARG002, N803 - the signature is Seldon's


class MeanScore:
    def predict(self, X: list[list[float]], features_names: object = None) -> list[list[float]]:
        return [[sum(row) / len(row)] for row in X]
