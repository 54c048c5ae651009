# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ARG002, N803
"""Models in Seldon's way, which both sides serve from this one file."""

import hashlib
import time


class Twice:
    def predict(self, X, names, meta=None):
        return X * 2


class Echo:
    def predict(self, body, names, meta=None):
        return body


class RawEcho:
    """seldon-core gives what it does not decode to predict_raw alone."""

    def predict_raw(self, body):
        return body


class Waits:
    def predict(self, X, names, meta=None):
        time.sleep(0.01)
        return X * 2


class ReleasesLock:
    def predict(self, X, names, meta=None):
        # Some 10 ms in C, without the interpreter's lock and without memory that two cores would share.
        hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 40_000)
        return X * 2


class HoldsLock:
    def predict(self, X, names, meta=None):
        total = 0
        for number in range(120_000):
            total += number
        return X * 2
