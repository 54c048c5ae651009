"""/seldon.json: the OpenAPI document of exactly the paths that are served."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .. import __version__
from .paths import VERSION, Path, written
from .schemas import SCHEMAS

Document = dict[str, Any]

JSON = "application/json"
# What each method of the component takes; the others take a SeldonMessage.
TAKES: Mapping[str, str] = {"aggregate": "SeldonMessageList", "send_feedback": "Feedback"}
ERRORS: Mapping[str, str] = {
    "400": "The request or the model's answer is none, or the method does not exist.",
    "413": "The body is larger than SELDON_MAX_BODY_BYTES.",
    "500": "The model failed.",
    "503": "The model is being loaded, or as many requests wait as may.",
    "504": "The answer took longer than SELDON_TIMEOUT_SECONDS.",
}
SUMMARIES: Mapping[str, str] = {
    "predict": "Predict",
    "transform_input": "Transform what goes into a model",
    "transform_output": "Transform what came out of a model",
    "route": "Choose a branch",
    "aggregate": "Combine several messages",
    "send_feedback": "Tell how good an earlier answer was",
    "classify": "Classify",
    "regress": "Regress",
    "ping": "Tell that the process lives",
    "status": "Tell how the model is",
    "metadata": "Tell what the model is",
    "openapi": "Tell what is served",
    "model": "Tell that the model is loaded",
}


def openapi(served: Iterable[Path], name: str) -> Document:
    """Return the document for the paths ``served`` of the model ``name``."""
    return {
        "openapi": "3.0.3",
        "info": {
            "title": name,
            "version": __version__,
            "description": "A model behind Seldon's protocol, and behind Hopsworks'.",
        },
        "paths": {written(path): _operations(path) for path in served},
        "components": {"schemas": SCHEMAS, "responses": _errors()},
    }


def _errors() -> Document:
    return {
        f"Error{code}": {"description": text, "content": _content("Error")} for code, text in ERRORS.items()
    }


def _operations(path: Path) -> Document:
    operations: Document = {
        verb.lower(): _operation(path, verb) for verb in path.verbs if verb in ("GET", "POST")
    }
    if VERSION in path.path:
        schema = {"type": "string", "pattern": "^[^/:]+$"}
        version = {"name": "version", "in": "path", "required": True, "schema": schema}
        operations["parameters"] = [version]
    return operations


def _operation(path: Path, verb: str) -> Document:
    operation: Document = {
        "summary": SUMMARIES[path.name if path.kind in ("method", "verb") else path.kind],
        "operationId": f"{verb.lower()}{written(path).translate(_PLAIN)}",
        "responses": _responses(path),
    }
    if path.kind == "verb":
        return {**operation, "requestBody": {"required": True, "content": _content("Inputs")}}
    if path.kind != "method":
        return operation
    schema = TAKES.get(path.name, "PredictRequest" if path.path == "/predict" else "SeldonMessage")
    if verb == "GET":
        return {**operation, "parameters": [_query(schema)]}
    return {**operation, "requestBody": {"required": True, "content": _bodies(schema)}}


_PLAIN = str.maketrans(dict.fromkeys("/.:-{}%", "_"))


def _query(schema: str) -> Document:
    return {
        "name": "json",
        "in": "query",
        "required": True,
        "description": "The message, where it is not the body.",
        "content": _content(schema),
    }


def _bodies(schema: str) -> Document:
    """Return the forms that a message may come in."""
    text = {"type": "string", "description": f"A {schema} as JSON."}
    form = {"type": "object", "required": ["json"], "properties": {"json": text}}
    return {**_content(schema), "application/x-www-form-urlencoded": {"schema": form}}


def _responses(path: Path) -> Document:
    if path.kind == "ping":
        return {"200": {"description": "pong", "content": {"text/html": {"schema": {"type": "string"}}}}}
    answer = {"description": "The answer.", "content": _content(_gives(path))}
    # Of what needs the model alone it can be said beforehand what else may happen: a raw method of predict
    # and an exception of the author's may have any status.
    others = {code: {"$ref": f"#/components/responses/Error{code}"} for code in ERRORS}
    unexpected = {"description": "What the author's code answers.", "content": _content("Error")}
    return {"200": answer, **others, "default": unexpected}


def _gives(path: Path) -> str:
    kinds = {"verb": "Predictions", "metadata": "Metadata", "model": "Model", "openapi": "Anything"}
    default = "PredictAnswer" if path.path == "/predict" else "SeldonMessage"
    return kinds.get(path.kind, default)


def _content(schema: str) -> Document:
    return {JSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
