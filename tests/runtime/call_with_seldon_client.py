"""Call a server with seldon-core's SeldonClient; runs in seldon-core's environment.

Reads ``{"rest": "host:port", "grpc": "host:port", "calls": {name: call}}``, where a call names its transport,
method and payload; writes what the client said of each.
"""

# Checked where seldon-core is not installed: none of its types is known.
# mypy: ignore-errors

import base64
import json
import sys

import numpy as np
from google.protobuf import json_format
from seldon_core.seldon_client import SeldonClient


def arguments(call):
    told = {key: call[key] for key in ("transport", "method", "payload_type", "names") if key in call}
    payloads = {
        "data": lambda: np.array(call["data"]),
        "datas": lambda: [np.array(each) for each in call["datas"]],
        "bin_data": lambda: base64.b64decode(call["bin_data"]),
        "str_data": lambda: call["str_data"],
        "json_data": lambda: call["json_data"],
    }
    return {**told, **{key: make() for key, make in payloads.items() if key in call}}


def said(answer):
    response = answer.response
    if response is not None and not isinstance(response, dict):
        response = json_format.MessageToDict(response)
    return {"success": bool(answer.success), "said": answer.msg, "response": response}


def feedback(client, transport):
    first = client.microservice(transport=transport, method="predict", data=np.array([[1.0, 2.0]]))
    return client.microservice_feedback(first.request, first.response, 0.5, transport=transport)


def main():
    told = json.load(sys.stdin)
    clients = {kind: SeldonClient(microservice_endpoint=told[kind]) for kind in ("rest", "grpc")}
    answers = {}
    for name, call in told["calls"].items():
        client = clients[call["transport"]]
        if call["method"] == "feedback":
            answers[name] = said(feedback(client, call["transport"]))
        else:
            answers[name] = said(client.microservice(**arguments(call)))
    sys.stdout.write(json.dumps(answers) + "\n")


main()
