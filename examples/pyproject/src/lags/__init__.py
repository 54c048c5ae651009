"""Differences between what follows each other."""

from toolz import sliding_window


def differences(row):
    """Return what each value adds to the one before it."""
    return [after - before for before, after in sliding_window(2, row)]
