"""What a runtime plugin hands over: a front that answers one protocol, and what it needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .model import Model
    from .server_settings import ServerSettings


@dataclass(frozen=True)
class Port:
    """A port that a runtime listens on, and the variable that moves it."""

    name: str
    number: int
    variable: str


class Front(Protocol):
    """A protocol being served."""

    async def stop(self) -> None:
        """Accept no more, answer every request that was accepted, close."""


# Opens the ports for a model that is loaded.
Start = Callable[["Model", "ServerSettings"], Awaitable[Front]]


@dataclass(frozen=True)
class Runtime:
    """One way to serve a model.

    ``requirements`` are PEP 508 and as wide as they work: those of our own runtimes are resolved together
    with the model's, those of others come as the requirements of their distribution.
    ``load`` imports the server, before the model's folder is on the path, and returns what starts it.
    ``active`` tells whether the settings want it.
    """

    name: str
    requirements: tuple[str, ...]
    ports: tuple[Port, ...]
    load: Callable[[], Start]
    active: bool = True
