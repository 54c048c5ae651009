"""A script of Hopsworks model serving, beside its transformer."""


class Predict:
    def __init__(self):
        self.factor = 3

    def predict(self, inputs):
        return [self.factor * value for value in inputs]
