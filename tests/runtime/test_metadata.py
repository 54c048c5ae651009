"""What a component says of itself."""

# Models are written here as their authors write them.
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import builtins
import json
import logging
from typing import Any

import pytest
from seldon_runtime.component.metadata import Metadata
from seldon_runtime.component.unit import Unit
from seldon_runtime.request_errors import MetadataInvalid

NOTHING = {"name": "", "versions": [""], "platform": "", "inputs": [], "outputs": [], "custom": {}}
ARRAY = {"messagetype": "tensor", "schema": {"names": ["a", "b"], "shape": [2, 2]}}


def saying(document: object) -> object:
    return type("Model", (), {"init_metadata": lambda _: document})()


def read(said: object = None, written: str = "", image: str = "") -> Any:
    return Metadata(saying(said), Unit(image=image, metadata=written)).document


@pytest.mark.parametrize(
    ("image", "name", "version"),
    [
        ("", "", ""),
        ("mine:1.0", "mine", "1.0"),
        ("mine", "mine", ""),
        ("registry:5000/a/mine:1.0", "registry:5000/a/mine", "1.0"),
        ("registry:5000/mine", "registry:5000/mine", ""),
        ("mine@sha256:abc", "mine", "sha256:abc"),
    ],
)
def test_the_image_gives_the_defaults(image: str, name: str, version: str) -> None:
    assert Metadata(object(), Unit(image=image)).document == {**NOTHING, "name": name, "versions": [version]}


def test_the_variable_wins_over_the_model_and_that_over_the_image() -> None:
    said = {"name": "said", "platform": "said", "custom": {"a": "said"}}
    written = json.dumps({"platform": "written", "custom": {"b": "written"}})

    assert read(said, written, "image:1") == {
        **NOTHING,
        "name": "said",
        "versions": ["1"],
        "platform": "written",
        "custom": {"b": "written"},
    }


@pytest.mark.parametrize("written", ["", "  ", "{}", "null"])
def test_an_empty_variable_says_nothing(written: str) -> None:
    assert read(None, written) == NOTHING


def test_the_variable_may_be_yaml() -> None:
    written = "name: mine\nversions: [v1]\ninputs:\n- messagetype: strData\n"

    assert read(None, written) == {
        **NOTHING,
        "name": "mine",
        "versions": ["v1"],
        "inputs": [{"messagetype": "strData"}],
    }


def test_yaml_without_what_reads_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without_yaml(name: str, *arguments: Any) -> Any:
        if name == "yaml":
            raise ImportError(name)
        return imported(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without_yaml)

    assert read(None, '{"name": "json"}')["name"] == "json"
    with pytest.raises(MetadataInvalid, match="add pyyaml to the requirements"):
        read(None, "name: mine")


@pytest.mark.parametrize(
    "message",
    [
        ARRAY,
        {"messagetype": "ndarray"},
        {"messagetype": "tftensor", "schema": {"shape": [2.0]}},
        {"messagetype": "jsonData", "schema": {"type": "string", "deep": [{}]}},
        {"messagetype": "strData"},
        {"messagetype": "binData"},
        {"messagetype": "mine", "schema": {"any": "thing"}},
        {"name": "x", "datatype": "FP32", "shape": [-1, 4]},
        {},
    ],
)
@pytest.mark.parametrize("key", ["inputs", "outputs"])
def test_every_kind_of_input_and_output_may_be_named(key: str, message: object) -> None:
    assert read({key: [message]})[key] == [message]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"nom": "x"}, "metadata has nom; there may be name, versions, platform"),
        ({"name": 3}, "metadata.name is 3, which is no text"),
        ({"versions": "v1"}, "metadata.versions is 'v1', which is no list"),
        ({"versions": [1]}, r"metadata.versions\[0\] is 1, which is no text"),
        ({"custom": {"a": 1}}, "metadata.custom.a is 1, which is no text"),
        ({"custom": []}, r"metadata.custom is \[\], which is no object"),
        ({"inputs": {}}, "metadata.inputs is {}, which is no list"),
        ({"inputs": [3]}, r"metadata.inputs\[0\] is 3, which is no object"),
        ({"inputs": [ARRAY, {"messagetype": 3}]}, r"inputs\[1\].messagetype is 3, which is no text"),
        ({"inputs": [{**ARRAY, "schema": {"shape": ["a"]}}]}, r"inputs\[0\].schema.shape\[0\] is 'a', which"),
        ({"inputs": [{**ARRAY, "schema": {"shape": [True]}}]}, "is True, which is no whole number"),
        ({"inputs": [{**ARRAY, "schema": {"type": "x"}}]}, r"schema has type; there may be names, shape"),
        (
            {"inputs": [{"messagetype": "strData", "schema": {}}]},
            r"inputs\[0\] has schema; there may be mess",
        ),
        ({"inputs": [{"messagetype": "jsonData", "schema": 3}]}, "schema is 3, which is no object"),
        ({"outputs": [{"datatype": "FLOAT"}]}, r"outputs\[0\].datatype is 'FLOAT', which is none of BOOL"),
        ({"outputs": [{"datatype": []}]}, "which is none of BOOL"),
        (
            {"outputs": [{"name": "x", "messagetyp": "y"}]},
            "has messagetyp; there may be name, datatype, shape",
        ),
        (["a"], r"init_metadata\(\) returned \['a'\], which is no object"),
        ("text", r"init_metadata\(\) returned 'text', which is no object"),
    ],
)
def test_what_is_no_metadata_is_named(said: object, fault: str) -> None:
    with pytest.raises(MetadataInvalid, match=fault):
        read(said)


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("[1]", r"MODEL_METADATA holds \[1\], which is no object"),
        ("just words", "MODEL_METADATA holds 'just words', which is no object"),
        ("{", "MODEL_METADATA is neither JSON nor YAML"),
        ('{"name": 3}', "metadata.name is 3"),
    ],
)
def test_a_variable_that_is_no_metadata_is_named(written: str, fault: str) -> None:
    with pytest.raises(MetadataInvalid, match=fault):
        read(None, written)


@pytest.mark.parametrize("error", [ValueError("no file"), SystemExit(2)])
def test_an_init_metadata_that_fails_leaves_the_server_alive(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing:
        def init_metadata(self):
            raise error

    with pytest.raises(MetadataInvalid, match=rf"init_metadata\(\) raised {type(error).__name__}"):
        _ = Metadata(Failing(), Unit()).document
    assert "Traceback" in caplog.text


def test_a_fault_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    metadata = Metadata(saying({"name": 3}), Unit())
    for _ in range(2):
        with pytest.raises(MetadataInvalid):
            _ = metadata.document

    messages = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert messages == ["/metadata will answer with an error: metadata.name is 3, which is no text"]


def test_the_model_is_asked_once() -> None:
    class Counting:
        asked = 0

        def init_metadata(self):
            self.asked += 1
            return {"name": str(self.asked)}

    metadata = Metadata(Counting(), Unit())

    assert [metadata.document["name"] for _ in range(2)] == ["1", "1"]


def test_the_model_may_answer_later() -> None:
    class Later:
        async def init_metadata(self):
            return {"name": "later"}

    assert Metadata(Later(), Unit()).document["name"] == "later"
