"""Who a component is in a graph of components, as the platform's variables say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..variables import boolean

UNKNOWN = "NOT_IMPLEMENTED"


@dataclass(frozen=True)
class Unit:
    """The component's place: its id and image, its deployment and predictor, the predictor's version.

    Unset ones are empty. ``metrics_in_answers`` tells whether clients read the component's metrics in
    meta.metrics, ``counts_rewards`` whether feedback is counted. ``metadata`` is MODEL_METADATA as written.
    """

    id: str = ""
    image: str = ""
    deployment: str = ""
    predictor: str = ""
    predictor_version: str = ""
    metrics_in_answers: bool = True
    counts_rewards: bool = True
    metadata: str = ""
    # What a Hopsworks script is told of where it runs, by the argument that asks for it.
    name: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def routing_id(self) -> str:
        """The key of this component in meta.routing."""
        return self.id or "0"

    @property
    def path_image(self) -> str:
        """The image as meta.requestPath has it."""
        return self.image or f"{UNKNOWN}:{UNKNOWN}"

    @property
    def image_and_version(self) -> tuple[str, str]:
        """The image's name, and its version: its digest, else its tag, else nothing."""
        name, _, digest = self.image.partition("@")
        if digest:
            return name, digest
        name, colon, tag = self.image.rpartition(":")
        # What follows the colon of a port is a path.
        return (name, tag) if colon and "/" not in tag else (self.image, "")


def unit_from(variables: Mapping[str, str], model_name: str) -> Unit:
    """Read the platform's variables; ``name`` is what Hopsworks paths call the model."""
    unit_id = variables.get("PREDICTIVE_UNIT_ID", "")
    return Unit(
        id=unit_id,
        image=variables.get("PREDICTIVE_UNIT_IMAGE", ""),
        deployment=variables.get("SELDON_DEPLOYMENT_ID", ""),
        predictor=variables.get("PREDICTOR_ID", ""),
        predictor_version=_version(variables.get("PREDICTOR_LABELS", "")),
        metrics_in_answers=boolean(variables, "INCLUDE_METRICS_IN_CLIENT_RESPONSE", default=True),
        counts_rewards=boolean(variables, "SELDON_EXECUTOR_ENABLED", default=True),
        metadata=variables.get("MODEL_METADATA", ""),
        name=variables.get("DEPLOYMENT_NAME") or unit_id or model_name.rpartition(".")[2],
        variables=variables,
    )


def _version(labels: str) -> str:
    try:
        found = json.loads(labels or "{}")
    except ValueError:
        # The platform's, not the user's: a label less on the metrics is no reason to stop.
        return ""
    return str(found.get("version", "")) if isinstance(found, dict) else ""
