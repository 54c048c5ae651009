"""Which paths there are, for whom, and what answers there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.served import PREDICTIONS, Server, serving

MODEL = """
class Model:
    def predict(self, X, names, meta=None):
        return X

    def transform_input(self, X, names):
        return ["in"]

    def transform_output(self, X, names):
        return ["out"]

    def route(self, X, names):
        return 1

    def aggregate(self, Xs, names):
        return [len(Xs)]

    def send_feedback(self, X, names, reward, truth, routing=None):
        return [reward, routing]

    def classify(self, inputs):
        return ["classified", inputs]

    def init_metadata(self):
        return {"name": "mine", "versions": ["1"]}
"""
ROW = {"data": {"ndarray": [[1, 2]]}}
FEEDBACK = {"request": ROW, "response": {"meta": {"routing": {"0": 3}}}, "reward": 0.5}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("model"), MODEL, {"DEPLOYMENT_NAME": "iris"}) as running:
        yield running


@pytest.mark.parametrize(
    ("path", "body", "rows"),
    [
        ("/predict", ROW, [[1, 2]]),
        (PREDICTIONS, ROW, [[1, 2]]),
        ("/api/v0.1/predictions", ROW, [[1, 2]]),
        ("/transform-input", ROW, ["in"]),
        ("/transform-output", ROW, ["out"]),
        ("/route", ROW, [[1]]),
        ("/aggregate", {"seldonMessages": [ROW, ROW]}, [2]),
        ("/aggregate", [ROW, ROW, ROW], [3]),
        ("/send-feedback", FEEDBACK, [0.5, 3]),
        ("/api/v1.0/feedback", FEEDBACK, [0.5, 3]),
        ("/api/v0.1/feedback", FEEDBACK, [0.5, 3]),
    ],
)
def test_each_path_asks_its_method(server: Server, path: str, body: object, rows: list[Any]) -> None:
    assert server.ask(body, path).json["data"]["ndarray"] == rows


@pytest.mark.parametrize(
    "path", ["/predict", "/transform-input", "/transform-output", "/route", "/aggregate", "/send-feedback"]
)
def test_the_short_paths_take_get_too(server: Server, path: str) -> None:
    body = {"/aggregate": [ROW], "/send-feedback": FEEDBACK}.get(path, ROW)

    assert server.request("GET", path, json.dumps(body)).status == 200


@pytest.mark.parametrize("path", ["/metadata", "/api/v1.0/metadata"])
def test_metadata_is_what_the_author_says(server: Server, path: str) -> None:
    reply = server.request("GET", path)

    assert (reply.status, reply.json["name"], reply.json["versions"]) == (200, "mine", ["1"])


def test_metadata_that_is_none_is_told_with_its_own_reason(tmp_path: Path) -> None:
    with serving(tmp_path, MODEL, {"MODEL_METADATA": '{"colour": 1}'}) as server:
        reply = server.request("GET", "/metadata")
        assert server.ask(ROW).status == 200

    assert (reply.status, reply.json["status"]["reason"]) == (500, "MICROSERVICE_BAD_METADATA")


@pytest.mark.parametrize(
    ("path", "body", "predictions"),
    [
        ("/predict", {"inputs": [[1, 2]]}, [[1, 2]]),
        ("/predict", {"instances": [[1, 2]]}, [[1, 2]]),
        ("/classify", {"inputs": [5]}, ["classified", [5]]),
        ("/v1/models/iris:predict", {"instances": [[1]]}, [[1]]),
        ("/v1/models/iris%3Apredict", {"instances": [[1]]}, [[1]]),
        ("/v1/models/iris:classify", {"inputs": [5]}, ["classified", [5]]),
        ("/v1/models/iris/versions/3:predict", {"inputs": [[1]]}, [[1]]),
        ("/v1/models/iris/versions/x:classify", {"inputs": [5]}, ["classified", [5]]),
    ],
)
def test_hopsworks_bodies_are_answered_with_predictions(
    server: Server, path: str, body: object, predictions: list[Any]
) -> None:
    reply = server.ask(body, path)

    assert (reply.status, reply.json) == (200, {"predictions": predictions})


def test_where_both_contracts_claim_predict_a_payload_of_seldons_wins(server: Server) -> None:
    assert server.ask({**ROW, "inputs": [[9]]}, "/predict").json["data"]["ndarray"] == [[1, 2]]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/v1/models/rose:predict", "there is no model rose; the one served here is iris"),
        ("/v1/models/rose", "there is no model rose"),
        ("/v1/models/iris:regress", "nothing is served at"),
        ("/v1/models/iris/versions/1", "nothing is served at"),
        ("/regress", "nothing is served at /regress"),
        ("/predict/", "there is /predict;"),
        ("//predict", "nothing is served at"),
    ],
)
def test_a_path_that_is_nearly_right_is_404_and_says_so(server: Server, path: str, says: str) -> None:
    reply = server.ask({"inputs": [1]}, path)

    assert reply.status == 404
    assert says in reply.json["status"]["info"]


def test_the_verbs_of_hopsworks_want_their_own_bodies(server: Server) -> None:
    reply = server.ask(ROW, "/v1/models/iris:predict")

    assert (reply.status, "inputs or instances" in reply.json["status"]["info"]) == (400, True)


def test_a_loaded_model_says_so_to_kserve(server: Server) -> None:
    assert server.request("GET", "/v1/models/iris").json == {"name": "iris", "ready": True}


def test_a_raw_method_gets_whatever_document_there_is(tmp_path: Path) -> None:
    code = """
    class Model:
        def predict_raw(self, message):
            return {"jsonData": message}
    """
    with serving(tmp_path, code) as server:
        assert server.ask({"inputs": [1]}, "/predict").json == {"jsonData": {"inputs": [1]}}
        assert server.ask([1], "/predict").json == {"jsonData": [1]}


TYPES = {
    "MODEL": {"/predict", "/send-feedback"},
    "ROUTER": {"/route", "/send-feedback"},
    "TRANSFORMER": {"/transform-input", "/transform-output"},
    "OUTPUT_TRANSFORMER": {"/transform-output"},
    "COMBINER": {"/aggregate"},
    "OUTLIER_DETECTOR": {"/transform-input", "/send-feedback"},
}
SHORT = frozenset().union(*TYPES.values())


@pytest.mark.parametrize(("kind", "left"), TYPES.items())
def test_a_strict_service_type_leaves_its_own_paths(tmp_path: Path, kind: str, left: set[str]) -> None:
    variables = {"SELDON_STRICT_SERVICE_TYPE": "1", "SERVICE_TYPE": kind}
    with serving(tmp_path, MODEL, variables) as server:
        found = {path for path in SHORT if server.ask(ROW, path).status != 404}
        predicts = server.ask({"inputs": [1]}, "/v1/models/Model:predict").status != 404
        documented = server.request("GET", "/seldon.json").json["paths"].keys()
        assert server.request("GET", "/health/status").status == 200

    assert (found, predicts) == (left, kind == "MODEL")
    assert documented & SHORT == left


def test_a_path_that_the_service_type_takes_away_is_404_and_says_so(tmp_path: Path) -> None:
    with serving(tmp_path, MODEL, {"SELDON_STRICT_SERVICE_TYPE": "1"}) as server:
        status = server.ask(ROW, "/route").json["status"]

    assert status["info"] == "/route is none of this SERVICE_TYPE's, and SELDON_STRICT_SERVICE_TYPE is on"


def test_a_service_type_changes_nothing_unless_it_is_strict(tmp_path: Path) -> None:
    with serving(tmp_path, MODEL, {"SERVICE_TYPE": "ROUTER"}) as server:
        assert server.ask(ROW).status == 200


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/predict", "GET, HEAD, POST, OPTIONS"),
        (PREDICTIONS, "POST, OPTIONS"),
        ("/seldon.json", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_tells_what_is_allowed(server: Server, path: str, allow: str) -> None:
    reply = server.request("OPTIONS", path, headers={})

    assert (reply.status, reply.body, reply.headers["allow"]) == (200, b"", allow)


def test_everybody_may_read_an_answer(server: Server) -> None:
    reply = server.request("GET", "/health/ping", headers={})

    assert reply.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/predict", "/nowhere"])
def test_a_page_is_told_that_its_own_origin_may_read(server: Server, path: str) -> None:
    reply = server.request("POST", path, "{}", {"Origin": "https://a.example"})

    assert reply.headers["access-control-allow-origin"] == "https://a.example"
    assert reply.headers["vary"] == "Origin"


def test_a_browser_that_asks_first_is_told_what_it_may_send(server: Server) -> None:
    asked = {
        "Origin": "https://a.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, x-mine",
    }
    reply = server.request("OPTIONS", PREDICTIONS, headers=asked)

    assert (reply.status, reply.headers["access-control-allow-origin"]) == (200, "https://a.example")
    assert "POST" in reply.headers["access-control-allow-methods"]
    assert reply.headers["access-control-allow-headers"] == "content-type, x-mine"


def test_cross_origin_answers_can_be_switched_off(tmp_path: Path) -> None:
    with serving(tmp_path, MODEL, {"SELDON_CORS": "0"}) as server:
        reply = server.request("GET", "/health/ping", headers={"Origin": "https://a.example"})
        asked = server.request("OPTIONS", "/predict", headers={"Access-Control-Request-Method": "POST"})

    assert not [name for reply in (reply, asked) for name in reply.headers if name.startswith("access-")]


HANDLING = """
import flask

class Lost(Exception):
    pass

class Model:
    model_error_handler = flask.Blueprint("errors", __name__)

    @model_error_handler.app_errorhandler(Lost)
    def lost(error):
        said = {"said": str(error), "path": flask.request.path, "body": flask.request.get_json()}
        return flask.jsonify(said), 402, {"X-Mine": "yes"}

    @model_error_handler.app_errorhandler(KeyError)
    def broken(error):
        raise RuntimeError("the handler itself")

    def predict(self, X):
        raise {"lost": Lost, "key": KeyError, "value": ValueError}[X]("away")
"""


def test_the_authors_own_handlers_answer_his_exceptions(tmp_path: Path) -> None:
    with serving(tmp_path, HANDLING) as server:
        lost = server.ask({"strData": "lost"})
        key, value = server.ask({"strData": "key"}), server.ask({"strData": "value"})
        inline = server.ask({"strData": "lost"}, "/predict")

    assert (lost.status, lost.headers["x-mine"]) == (402, "yes")
    assert lost.json == {"said": "away", "path": PREDICTIONS, "body": {"strData": "lost"}}
    assert (key.status, value.status, inline.status) == (500, 500, 402)
    assert value.json["status"]["info"] == "away"


def test_flask_is_not_imported_for_models_without_handlers(tmp_path: Path) -> None:
    code = """
    import sys

    class Model:
        def predict(self, X):
            return [name for name in ("flask", "google.protobuf", "email.parser") if name in sys.modules]
    """
    with serving(tmp_path, code, {"API_TYPE": "REST"}) as server:
        assert server.ask(ROW).json["data"]["ndarray"] == []


REFUSING = """
class SeldonMicroserviceException(Exception):
    def __init__(self, message, status_code, reason):
        self.message, self.status_code, self.reason = message, status_code, reason

class Model:
    def predict(self, X):
        raise SeldonMicroserviceException("not today", 429, "TIRED")

    def metrics(self):
        return [{"type": "SIZE", "key": "a", "value": 1}]

    def transform_input(self, X):
        return X
"""


def test_a_model_refuses_in_its_own_words(tmp_path: Path) -> None:
    with serving(tmp_path, REFUSING) as server:
        refused, measured = server.ask(ROW), server.ask(ROW, "/transform-input")

    assert refused.status == 429
    assert refused.json == {"status": {"code": -1, "info": "not today", "reason": "TIRED", "status": 1}}
    assert (measured.status, measured.json["status"]["reason"]) == (500, "MICROSERVICE_BAD_METRIC")


def test_more_than_may_wait_hear_so(tmp_path: Path) -> None:
    import threading

    code = """
    import time

    class Model:
        def predict(self, X):
            time.sleep(0.5)
            return X
    """
    replies = []
    variables = {"SELDON_MAX_WAITING": "1", "SELDON_TIMEOUT_SECONDS": "0.7"}
    with serving(tmp_path, code, variables) as server:
        threads = [threading.Thread(target=lambda: replies.append(server.ask(ROW))) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.request("GET", "/health/ping").status == 200

    found = sorted(reply.status for reply in replies)
    assert found[0] == 200
    assert 503 in found
    assert {reply.headers.get("retry-after") for reply in replies if reply.status == 503} == {"1"}
    assert set(found) <= {200, 503, 504}
