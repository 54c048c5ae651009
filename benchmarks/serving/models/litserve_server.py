# mypy: ignore-errors
import sys
from typing import Any

import litserve
import numpy as np


class Twice(litserve.LitAPI):
    def setup(self, device: str) -> None:
        pass

    def decode_request(self, request: dict[str, Any]) -> np.ndarray:
        return np.array(request["x"])

    def predict(self, x: np.ndarray) -> np.ndarray:
        return x * 2

    def encode_response(self, output: np.ndarray) -> dict[str, Any]:
        return {"y": output.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Twice(), accelerator="cpu", workers_per_device=1)
    server.run(port=int(sys.argv[1]), num_api_servers=1, generate_client_file=False)
