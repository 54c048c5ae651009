"""Code without a component class."""


class Scaler:
    def scale(self, value: float) -> float:
        return value / 100
