"""Models whose exceptions are as odd as Python allows: their clients hear so, and the server lives on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from seldon_runtime.component.authors_code import told

from tests.served import Server, serving

MODEL = """
import asyncio
import sys

class Speechless(Exception):
    def __str__(self):
        raise RuntimeError

class Fatal(Exception):
    def __str__(self):
        sys.exit(3)

class Unlisted(dict):
    def __init__(self):
        super().__init__(a=1)

    @property
    def DESCRIPTOR(self):
        sys.exit(4)

class Model:
    def predict(self, X):
        if X == "speechless":
            raise Speechless
        if X == "fatal":
            raise Fatal
        return "alive"

    async def transform_input(self, X):
        raise asyncio.CancelledError

    def route_raw(self, document):
        return Unlisted()
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("model"), MODEL) as running:
        yield running


@pytest.mark.parametrize(("text", "name"), [("speechless", "Speechless"), ("fatal", "Fatal")])
def test_an_exception_that_cannot_say_what_it_is_goes_by_its_name(
    server: Server, text: str, name: str
) -> None:
    reply = server.ask({"strData": text})
    assert (reply.status, reply.json["status"]["info"]) == (500, name)


def test_a_coroutine_that_cancels_itself_is_answered(server: Server) -> None:
    assert server.ask({"strData": "a"}, "/transform-input").status == 500


def test_what_ends_the_interpreter_while_an_answer_is_written_does_not_end_the_server(
    server: Server,
) -> None:
    assert server.ask({"strData": "a"}, "/route").status == 500
    assert server.ask({"strData": "a"}).json["strData"] == "alive"


def test_a_refusal_whose_message_is_no_text_says_what_it_can() -> None:
    class SeldonMicroserviceException(Exception):
        message = 5

        def __str__(self) -> str:
            raise RuntimeError

    assert str(told(SeldonMicroserviceException())) == "SeldonMicroserviceException"
