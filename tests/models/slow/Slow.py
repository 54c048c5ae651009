"""A model that takes its time: SLOW_SECONDS for each answer."""

# ruff: noqa: ARG002, N803 - the signature is Seldon's

import os
import time


class Slow:
    def predict(self, X: object, features_names: object = None) -> object:
        time.sleep(float(os.environ.get("SLOW_SECONDS", "1")))
        return X
