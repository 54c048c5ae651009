"""A model whose one dependency lies beside it, as a wheel that no index has."""

import numpy as np
from house_rates import rate


class HouseTax:
    """Says what each house costs a year."""

    def predict(self, X, features_names=None):
        """Return the tax of every house, given by its square metres."""
        return np.array([[size * rate(size) for size in row] for row in np.atleast_2d(X)])
