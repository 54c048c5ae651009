"""Reads ``pins.json``, a house format: ``{"numpy": "2.1.0"}`` means ``numpy==2.1.0``."""

from __future__ import annotations

import json

from seldon_builder import Detection, Requirement, Settings, Source, hookimpl

FILE = "pins.json"


@hookimpl
def seldon_detect(source: Source, settings: Settings) -> Detection | None:
    """Claim sources that hold a pins.json; engines and layers are the built-in ones."""
    if not source.has(FILE):
        return None
    pins = json.loads(source.read(FILE))
    requirements = tuple(Requirement(f"{name}=={version}", FILE) for name, version in sorted(pins.items()))
    return Detection("pins-json", (FILE,), f"{FILE} pins {len(pins)} packages", requirements)
