"""Names that models imported from the server's own module."""

from __future__ import annotations

import json

from seldon_runtime.component.parameters import parameters_from

from .flask_utils import SeldonMicroserviceException

__all__ = ["PARAMETERS_ENV_NAME", "SeldonMicroserviceException", "parse_parameters"]

PARAMETERS_ENV_NAME = "PREDICTIVE_UNIT_PARAMETERS"


def parse_parameters(parameters: list[dict[str, object]]) -> dict[str, object]:
    """Return the constructor's arguments by name, from dicts with name, value and type."""
    return parameters_from(json.dumps(parameters))
