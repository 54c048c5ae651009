"""A torch module as a Seldon component: there to build a heavy image, not to be clever."""

import numpy as np
import torch


class Encoder:
    """Maps rows of 16 numbers to 4; its parameters follow from a fixed seed, so there are no weights."""

    def __init__(self):
        torch.manual_seed(0)
        self.module = torch.nn.Sequential(
            torch.nn.Linear(16, 64),
            torch.nn.ReLU(),
            torch.nn.Linear(64, 4),
        ).eval()

    def predict(self, X, features_names=None):
        """Return four numbers per row."""
        with torch.inference_mode():
            return self.module(torch.from_numpy(np.asarray(X, dtype=np.float32))).numpy()
