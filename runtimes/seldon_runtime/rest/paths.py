"""Every path that is served, for which verbs, and what it takes and gives.

Source: seldon-core 1.17's ``wrapper.py``; the server of Hopsworks and KServe's V1 protocol for the others.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from ..request_errors import RequestError
from ..settings import ServerSettings

GET, BOTH, POST = ("GET", "HEAD", "OPTIONS"), ("GET", "HEAD", "POST", "OPTIONS"), ("POST", "OPTIONS")
HEALTH, METADATA = "health", "metadata"
SELDON = (
    ("/predict", "predict", BOTH),
    ("/api/v1.0/predictions", "predict", POST),
    ("/api/v0.1/predictions", "predict", POST),
    ("/transform-input", "transform_input", BOTH),
    ("/transform-output", "transform_output", BOTH),
    ("/route", "route", BOTH),
    ("/aggregate", "aggregate", BOTH),
    ("/send-feedback", "send_feedback", BOTH),
    ("/api/v1.0/feedback", "send_feedback", POST),
    ("/api/v0.1/feedback", "send_feedback", POST),
)
ALWAYS = (
    ("/health/ping", "ping", HEALTH),
    ("/health/status", "status", HEALTH),
    ("/api/v1.0/health/status", "status", HEALTH),
    ("/metadata", "metadata", METADATA),
    ("/api/v1.0/metadata", "metadata", METADATA),
    ("/seldon.json", "openapi", METADATA),
)
VERSION = "{version}"
MODELS = re.compile(r"/v1/models/(?P<name>[^/:]+)(?P<version>/versions/[^/:]+)?(?P<verb>:\w+)?")


@dataclass(frozen=True)
class Path:
    """A path, of which ``{version}`` may stand for anything.

    ``kind`` is what answers there: a ``method`` of the component, a Hopsworks ``verb``, or one of ping,
    status, metadata, openapi and model. ``name`` is the method's, and what the metrics call it.
    """

    path: str
    verbs: tuple[str, ...]
    kind: str
    name: str


def paths(settings: ServerSettings, verbs: Collection[str]) -> tuple[Path, ...]:
    """Return every path, for a component that has these Hopsworks ``verbs``."""
    seldon = (Path(path, how, "method", name) for path, name, how in SELDON if name in settings.methods)
    always = (Path(path, GET, kind, name) for path, kind, name in ALWAYS)
    # A service type that predicts nothing has no verbs either.
    served = sorted(verbs) if "predict" in settings.methods else ()
    return (*seldon, *always, *_hopsworks(f"/v1/models/{settings.unit.name}", served))


def _hopsworks(model: str, verbs: Collection[str]) -> Iterator[Path]:
    yield Path(model, GET, "model", METADATA)
    for verb in verbs:
        if verb != "predict":
            yield Path(f"/{verb}", POST, "verb", verb)
        yield Path(f"{model}:{verb}", POST, "verb", verb)
        yield Path(f"{model}/versions/{VERSION}:{verb}", POST, "verb", verb)


def written(path: Path) -> str:
    """Return the path as a client writes it."""
    return VERSION.join(quote(part, safe="/:") for part in path.path.split(VERSION))


class PathUnknown(RequestError):
    """Nothing is served at this path."""


class VerbRefused(RequestError):
    """The path exists, but not for this method."""

    def __init__(self, verb: str, path: str, allowed: Sequence[str]) -> None:
        self.allowed = tuple(allowed)
        super().__init__(f"{verb} is not served at {path}, only {', '.join(allowed)}")
