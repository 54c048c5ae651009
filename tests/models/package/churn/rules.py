"""What the model of this package imports."""


def is_lost(row: list[float]) -> bool:
    return sum(row) < 0
