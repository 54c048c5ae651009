"""/seldon.json: valid, of exactly the paths that are served, and true."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from tests.served import Server, serving

MODEL = """
import numpy as np

class Model:
    def predict(self, X, names, meta=None):
        return X

    def route(self, X, names):
        return 1

    def aggregate(self, Xs, names):
        return Xs[0]

    def send_feedback(self, X, names, reward, truth, routing=None):
        return [reward]

    def classify(self, inputs):
        return inputs
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("model"), MODEL) as running:
        yield running


@pytest.fixture(scope="module")
def document(server: Server) -> Any:
    return server.request("GET", "/seldon.json").json


def test_the_document_is_valid(document: Any) -> None:
    validate(document)


def test_every_operation_of_the_document_is_served(server: Server, document: Any) -> None:
    operations = [
        (verb, path) for path, verbs in document["paths"].items() for verb in verbs if verb != "parameters"
    ]
    replies = {
        operation: server.request(operation[0].upper(), operation[1].replace("{version}", "1"), "{}").status
        for operation in operations
    }

    assert len(operations) > 20
    assert {operation for operation, status in replies.items() if status in (404, 405)} == set()


def test_what_the_document_does_not_have_is_not_served(server: Server, document: Any) -> None:
    unlisted = [path for path, verbs in document["paths"].items() if "get" not in verbs]

    assert {server.request("GET", path.replace("{version}", "1")).status for path in unlisted} == {405}
    assert "/v1/models/Model:regress" not in document["paths"]


def test_every_operation_has_a_name_of_its_own(document: Any) -> None:
    names = [
        verb["operationId"]
        for verbs in document["paths"].values()
        for verb in verbs.values()
        if isinstance(verb, dict)
    ]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", ["with space", "ümlaut", "a{b}", "a/b"])
def test_a_name_of_any_characters_gives_a_valid_document(tmp_path: Path, name: str) -> None:
    with serving(tmp_path, MODEL, {"DEPLOYMENT_NAME": name}) as running:
        validate(running.request("GET", "/seldon.json").json)


CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def test_no_request_whether_it_fits_the_document_or_not_makes_the_server_fail(
    server: Server, tmp_path: Path
) -> None:
    program = Path(sys.executable).with_name("schemathesis")
    url = f"http://127.0.0.1:{server.port}/seldon.json"
    ran = subprocess.run(
        [
            program,
            "run",
            url,
            "--checks",
            CHECKS,
            "--mode",
            "all",
            "--max-examples",
            "15",
            "--no-color",
            "--seed",
            "1",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
    assert server.ask({"data": {"ndarray": [[1]]}}).status == 200
