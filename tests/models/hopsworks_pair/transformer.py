"""What comes before and after the predictor."""


class Transformer:
    def preprocess(self, inputs):
        return {"instances": [value + 1 for value in inputs["instances"]]}

    def postprocess(self, outputs):
        return {"predictions": [-value for value in outputs["predictions"]]}
