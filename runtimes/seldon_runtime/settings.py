"""What a serving process is told by its variables, read once and typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .component.parameters import parameters_from
from .component.unit import Unit, unit_from
from .errors import ModelNameInvalid
from .variables import boolean, choice, seconds, whole

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# Megabytes of JSON become many times as much memory: enough for a batch of images, not for the whole node.
LARGEST_BODY = 128 << 20
# Seconds of work for a quick model, far below what the waiting requests would take in memory.
MOST_WAITING = 1024
TRANSFORMS = frozenset({"transform_input", "transform_output"})
# What SELDON_STRICT_SERVICE_TYPE leaves of the methods; health and metadata always stay.
METHODS_OF_TYPE: Mapping[str, frozenset[str]] = {
    "MODEL": frozenset({"predict", "send_feedback"}),
    "ROUTER": frozenset({"route", "send_feedback"}),
    "TRANSFORMER": TRANSFORMS,
    "OUTPUT_TRANSFORMER": frozenset({"transform_output"}),
    "COMBINER": frozenset({"aggregate"}),
    "OUTLIER_DETECTOR": frozenset({"transform_input", "send_feedback"}),
}
EVERY_METHOD = frozenset().union(*METHODS_OF_TYPE.values())


@dataclass(frozen=True)
class ServerSettings:
    """What to serve, from which folder, and how.

    ``parameters`` are the constructor's arguments; ``unit`` is who the component is in a graph; ``methods``
    are the component's methods that may be reached; ``threads`` how many predictions run at once; ``inline``
    that they run on the event loop; ``most_waiting`` how many may wait for a thread; ``timeout`` the seconds
    that one may take, 0 for ever; ``grace`` the seconds from the signal to stop until the process is gone;
    ``largest_body`` the bytes of a request.
    """

    model_name: str
    folder: Path
    parameters: Mapping[str, object] = field(default_factory=dict)
    unit: Unit = field(default_factory=Unit)
    methods: frozenset[str] = EVERY_METHOD
    host: str = "0.0.0.0"  # noqa: S104 - a container is reached from outside
    threads: int = 1
    inline: bool = False
    most_waiting: int = MOST_WAITING
    timeout: float = 0.0
    grace: float = 20.0
    largest_body: int = LARGEST_BODY
    log_level: str = "INFO"
    log_json: bool = False
    access_log: bool = False


def settings_from(variables: Mapping[str, str], folder: Path) -> ServerSettings:
    """Read ``variables``; the folder is where the model's module lies."""
    name = variables.get("MODEL_NAME", "").strip()
    if not all(part.isidentifier() for part in name.split(".")):
        raise ModelNameInvalid(name)
    one_thread = boolean(variables, "FLASK_SINGLE_THREADED")
    return ServerSettings(
        model_name=name,
        folder=folder,
        parameters=parameters_from(variables.get("PREDICTIVE_UNIT_PARAMETERS", "")),
        unit=unit_from(variables, name),
        methods=_methods(variables),
        threads=1 if one_thread else whole(variables, "GUNICORN_THREADS", 1, low=1, high=1024),
        inline=boolean(variables, "SELDON_INLINE"),
        most_waiting=whole(variables, "SELDON_MAX_WAITING", MOST_WAITING, low=1),
        timeout=seconds(variables, "SELDON_TIMEOUT_SECONDS", 0.0),
        grace=seconds(variables, "SELDON_GRACE_SECONDS", 20.0),
        largest_body=whole(variables, "SELDON_MAX_BODY_BYTES", LARGEST_BODY, low=1),
        log_level=choice(variables, "SELDON_LOG_LEVEL", "INFO", LOG_LEVELS),
        log_json=choice(variables, "SELDON_LOG_FORMAT", "TEXT", ("TEXT", "JSON")) == "JSON",
        access_log=boolean(variables, "GUNICORN_ACCESS_LOG"),
    )


def _methods(variables: Mapping[str, str]) -> frozenset[str]:
    if not boolean(variables, "SELDON_STRICT_SERVICE_TYPE"):
        return EVERY_METHOD
    return METHODS_OF_TYPE[choice(variables, "SERVICE_TYPE", "MODEL", tuple(METHODS_OF_TYPE))]
