"""What a runtime plugin hands over: what it needs, which ports, and what it does in the serving process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from .variables import whole

if TYPE_CHECKING:
    import socket

    from .life import Service
    from .message import Answer, Request
    from .metrics.recorder import Recorder
    from .model import Model
    from .settings import ServerSettings


class Role(Enum):
    """What part of serving a runtime is."""

    # Answers requests: REST, gRPC. At least one is always active.
    FRONT = "front"
    # Is started and stopped like a front, and answers no request for the model: metrics.
    COMPANION = "companion"
    # Decides which processes there are: gunicorn. At most one; without one there is a single process.
    PROCESS = "process"
    # Replaces how predict's bodies are read and written, in every front: passthrough. At most one.
    CODEC = "codec"
    # Keeps the component's state beyond the process: persistence. At most one.
    STATE = "state"


@dataclass(frozen=True)
class Port:
    """A port that a runtime listens on, and the variable that moves it.

    ``older`` is a variable that counts where that one is unset. Workers share one listener, unless each
    opens the port for itself (SO_REUSEPORT): ``opened_by_each``, of servers that take no open socket.
    """

    name: str
    number: int
    variable: str
    older: str = ""
    opened_by_each: bool = False

    def number_by(self, variables: Mapping[str, str]) -> int:
        """Return where the port lies by ``variables``; SettingInvalid."""
        older = whole(variables, self.older, self.number, high=65535) if self.older else self.number
        return whole(variables, self.variable, older, high=65535)


@dataclass(frozen=True)
class Context:
    """What fronts and companions get at their start.

    ``variables`` are those of the process, for what ``settings`` does not know. ``listeners`` are sockets
    that are open already, by the name of their port: a process model opens them before it forks.
    """

    settings: ServerSettings
    variables: Mapping[str, str]
    recorder: Recorder
    codec: Codec | None = None
    listeners: Mapping[str, socket.socket] = field(default_factory=dict)


class Front(Protocol):
    """A protocol being served."""

    def begin(self) -> None:
        """Answer from now on: ``model.component`` is loaded. Until then every request hears "not ready"."""

    async def stop(self) -> None:
        """Accept no more, answer every request that was accepted, close."""


# Opens the ports, for a model that is about to be loaded.
Start = Callable[["Model", Context], Awaitable[Front]]

# Serves with processes of its own making until a signal says stop; returns the exit code.
Serve = Callable[["Service"], int]


class Codec(Protocol):
    """Reads and writes predict's bodies in place of a front's own way."""

    def request(self, body: bytes, content_type: str) -> Request:
        """Wrap one body; ``content_type`` is ``application/grpc`` where it came over gRPC."""

    def encode(self, answer: Answer, content_type: str) -> tuple[bytes, str]:
        """Return the body and content type of the answer to a request of ``content_type``."""


class Keeper(Protocol):
    """Keeps the component's state."""

    def restore(self) -> object | None:
        """Return the object that was saved, None where there is none; called before the constructor."""

    def begin(self, model: Model) -> None:
        """The model is loaded: save its state from time to time."""

    async def stop(self) -> None:
        """Save a last time, after the last answer."""


# Reads its variables; SeldonError where they are not usable.
Keep = Callable[[Context], Keeper]


@dataclass(frozen=True)
class Runtime:
    """One part of serving a model.

    ``requirements`` are PEP 508 and as wide as they work: those of our own runtimes are resolved together
    with the model's, those of others come as the requirements of their distribution.
    ``load`` imports what it needs, before the model's folder is on the path, and returns what its role
    calls for: Start for fronts and companions, Serve, Codec or Keep.
    ``active`` tells whether the settings want it; ``default`` that they do so only by saying nothing, so
    that an image without it serves without it. ``asked_by`` are the variables that have a say in that: an
    error names those that ask for a runtime which an image lacks.
    """

    name: str
    requirements: tuple[str, ...]
    ports: tuple[Port, ...]
    load: Callable[[], Start | Serve | Codec | Keep]
    active: bool = True
    default: bool = False
    role: Role = Role.FRONT
    asked_by: tuple[str, ...] = ()
