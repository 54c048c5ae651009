# mypy: ignore-errors
import sys
from typing import Any

import kserve
import numpy as np


class Twice(kserve.Model):
    def __init__(self) -> None:
        super().__init__("twice")
        self.ready = True

    def predict(self, payload: dict[str, Any], headers: object = None) -> dict[str, Any]:  # noqa: ARG002
        return {"predictions": (np.array(payload["instances"]) * 2).tolist()}


if __name__ == "__main__":
    http, grpc = map(int, sys.argv[1:])
    sys.argv[1:] = []
    kserve.ModelServer(http_port=http, grpc_port=grpc, workers=1).start([Twice()])
