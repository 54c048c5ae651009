"""What a component says of itself at /metadata."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping

from ..request_errors import MetadataInvalid
from .lookup import find, optional
from .metadata_rules import fault_of
from .unit import Unit

VARIABLE = "MODEL_METADATA"
logger = logging.getLogger("seldon_runtime")


class Metadata:
    """Name, versions, platform, inputs, outputs and custom, read once when the model is loaded.

    Key by key MODEL_METADATA wins over what init_metadata() returns, and that over the name and version of
    the image. What is no metadata is logged; the server lives without.
    """

    def __init__(self, user: object, unit: Unit) -> None:
        self._fault, self._document = "", _defaults(unit)
        try:
            self._document |= {**_said(user), **_written(unit.metadata)}
            self._fault = fault_of(self._document)
        except MetadataInvalid as error:
            self._fault = str(error)
        except (Exception, SystemExit) as error:
            logger.exception("init_metadata() failed")
            self._fault = f"init_metadata() raised {type(error).__name__}: {error}"
        if self._fault:
            logger.error("/metadata will answer with an error: %s", self._fault)

    @property
    def document(self) -> Mapping[str, object]:
        """Return the metadata; MetadataInvalid where what the author gave is none."""
        if self._fault:
            raise MetadataInvalid(self._fault)
        return self._document


def _defaults(unit: Unit) -> dict[str, object]:
    name, version = unit.image_and_version
    return {
        "name": name,
        "versions": [version],
        "platform": "",
        "inputs": [],
        "outputs": [],
        "custom": {},
    }


def _said(user: object) -> Mapping[str, object]:
    method = find(user, "init_metadata")
    return _object("init_metadata() returned", optional(method)(None) if method else None)


def _written(text: str) -> Mapping[str, object]:
    if not text.strip():
        return {}
    try:
        return _object(f"{VARIABLE} holds", json.loads(text))
    except ValueError:
        return _object(f"{VARIABLE} holds", _yaml()(text))


def _yaml() -> Callable[[str], object]:
    """Return what reads YAML, where the model's requirements brought it."""
    try:
        import yaml
    except ImportError as error:
        raise MetadataInvalid(
            f"{VARIABLE} is not JSON, and what reads YAML is not installed: "
            "write it as JSON, or add pyyaml to the requirements"
        ) from error

    def read(text: str) -> object:
        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise MetadataInvalid(f"{VARIABLE} is neither JSON nor YAML: {error}") from error

    return read


def _object(whose: str, found: object) -> Mapping[str, object]:
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise MetadataInvalid(f"{whose} {found!r:.80}, which is no object of names and values")
    return found
