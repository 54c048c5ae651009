"""Ask servers over gRPC with seldon-core's own messages and stubs; runs in seldon-core's environment.

Reads ``{"ports": [...], "questions": [[method, document], ...]}``; writes one list of answers a question.
"""

# Checked where seldon-core is not installed: none of its types is known.
# mypy: ignore-errors

import json
import sys

import grpc
from google.protobuf import empty_pb2, json_format
from seldon_core.proto import prediction_pb2, prediction_pb2_grpc

KINDS = {
    "Aggregate": prediction_pb2.SeldonMessageList,
    "SendFeedback": prediction_pb2.Feedback,
    "Metadata": empty_pb2.Empty,
    "ModelMetadata": prediction_pb2.SeldonModelMetadataRequest,
    "GraphMetadata": prediction_pb2.SeldonModelMetadataRequest,
}


def asked(channels, method, document):
    service, call = method.split(".")
    try:
        message = json_format.ParseDict(document, KINDS.get(call, prediction_pb2.SeldonMessage)())
    except (json_format.ParseError, AttributeError, TypeError, ValueError):
        return ["no message"] * len(channels)
    stubs = [getattr(prediction_pb2_grpc, f"{service}Stub")(channel) for channel in channels]
    return [answer(getattr(stub, call), message) for stub in stubs]


def answer(call, message):
    try:
        found = call(message, timeout=20)
    except grpc.RpcError as error:
        return {"code": error.code().name, "details": error.details()}
    return json_format.MessageToDict(found)


def main():
    told = json.load(sys.stdin)
    channels = [grpc.insecure_channel(f"127.0.0.1:{port}") for port in told["ports"]]
    answers = [asked(channels, method, document) for method, document in told["questions"]]
    sys.stdout.write(json.dumps(answers) + "\n")


main()
