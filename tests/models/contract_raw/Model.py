# ruff: noqa: ARG002, N803, RUF012
"""Raw methods and seldon-core's base class; seldon-core's server and ours run the same."""

from google.protobuf import json_format
from seldon_core.flask_utils import SeldonMicroserviceException
from seldon_core.proto import prediction_pb2
from seldon_core.user_model import SeldonComponent, SeldonNotImplementedError, SeldonResponse

METRIC = {"key": "raw", "type": "COUNTER", "value": 1.0}


def document_of(message):
    return message if isinstance(message, dict) else json_format.MessageToDict(message)


def like(message, document):
    """Return ``document`` as what the protocol of ``message`` has."""
    if isinstance(message, (dict, list)):
        return document
    return json_format.ParseDict(document, prediction_pb2.SeldonMessage())


class Model(SeldonComponent):
    """Has raw methods, does without others, and is made of parameters."""

    class_names = ["one", "two"]

    def __init__(self, rate=1.0, name="", flag=False, count=0):
        super().__init__()
        self.made = {"rate": rate, "name": name, "flag": flag, "count": count}

    def predict_raw(self, message):
        said = document_of(message)
        what = said.get("strData", "")
        if what == "leave it":
            raise SeldonNotImplementedError("not raw")
        if what == "fail":
            raise ValueError("raw failure")
        if what == "refuse":
            raise SeldonMicroserviceException("no", status_code=409, reason="CONFLICT")
        if what == "status":
            status = {"code": 207, "info": "partly", "status": "SUCCESS"}
            return like(message, {"strData": "x", "status": status})
        if what == "metrics":
            return like(message, {"strData": "x", "meta": {"metrics": [METRIC], "tags": {"a": 1.0}}})
        if what == "made":
            return like(message, {"jsonData": self.made})
        if what == "empty":
            return like(message, {})
        return like(message, {"jsonData": {"raw": said.get("data", {}), "meta": said.get("meta", {})}})

    def predict(self, X, names, meta=None):
        return SeldonResponse([[1.5, 2.5]], tags={"left": True})

    def transform_input_raw(self, message):
        return like(message, {"strData": "transformed"})

    def route_raw(self, message):
        return like(message, {"data": {"ndarray": [[2.0]]}})

    def aggregate_raw(self, messages):
        several = messages["seldonMessages"] if isinstance(messages, dict) else messages
        several = several if isinstance(several, list) else several.seldonMessages
        return like(messages, {"strData": str(len(several))})

    def send_feedback_raw(self, feedback):
        said = json_format.MessageToDict(feedback)
        answer = {"jsonData": {"reward": said.get("reward", 0), "truth": "truth" in said}}
        return json_format.ParseDict(answer, prediction_pb2.SeldonMessage())

    def health_status_raw(self):
        return {"strData": "raw health"}

    def metrics(self):
        return [{"type": "GAUGE", "key": "level", "value": 0.5}]
