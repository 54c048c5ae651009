# mypy: ignore-errors
import bentoml
import numpy as np


@bentoml.service
class Twice:
    @bentoml.api
    async def predict(self, x: np.ndarray) -> np.ndarray:
        return x * 2
