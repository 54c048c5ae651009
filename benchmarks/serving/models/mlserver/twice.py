# mypy: ignore-errors
import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Twice(MLModel):
    async def load(self) -> bool:
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        array: np.ndarray = NumpyCodec.decode_input(payload.inputs[0])
        output = NumpyCodec.encode_output("y", array * 2)
        return InferenceResponse(model_name=self.name, outputs=[output])
