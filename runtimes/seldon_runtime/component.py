"""The model's object as the fronts see it: typed methods over whatever the author wrote."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, cast

from .errors import AnswerInvalid, MethodMissing, ModelFailed, RequestError
from .message import Answer, Message
from .signature import Call, adapted

HEALTHY = "healthy"


class Component:
    """A model's object, its methods looked up and their signatures read once.

    A method that is ``async def`` is awaited (``predict_later``), any other is called (``predict``); ask
    ``is_async`` which. What the author's code raises becomes the cause of ModelFailed.
    """

    def __init__(self, user: object) -> None:
        self.user = user
        self.name = type(user).__name__
        self._predict = self._method("predict")
        self._health_status = self._find("health_status") or _healthy
        self._tags = self._find("tags")
        self._class_names = getattr(user, "class_names", None)

    def _find(self, name: str) -> Callable[..., object] | None:
        method = getattr(self.user, name, None)
        return method if callable(method) else None

    def _method(self, name: str) -> Call:
        method = self._find(name)
        return adapted(method) if method else _missing(f"{self.name} does not define {name}()")

    def has(self, name: str) -> bool:
        """Tell whether the author wrote a method ``name``."""
        return self._find(name) is not None

    def is_async(self, name: str) -> bool:
        """Tell whether the method ``name`` must be awaited."""
        return inspect.iscoroutinefunction(getattr(self.user, name, None))

    def predict(self, message: Message) -> Answer:
        """Call the model, exactly once."""
        with _AUTHORS_CODE:
            return self._answer(message, self._predict(message.payload, message.names, message.meta))

    async def predict_later(self, message: Message) -> Answer:
        """Await the model, exactly once."""
        with _AUTHORS_CODE:
            returned = self._predict(message.payload, message.names, message.meta)
            return self._answer(message, await cast("Awaitable[object]", returned))

    def health_status(self) -> Answer:
        """Ask the model how it is; one that says nothing is healthy."""
        with _AUTHORS_CODE:
            return Answer(self._health_status())

    async def health_status_later(self) -> Answer:
        """Await the model's health_status()."""
        with _AUTHORS_CODE:
            return Answer(await cast("Awaitable[object]", self._health_status()))

    def _answer(self, message: Message, returned: object) -> Answer:
        names = self._named() if self._class_names is not None and _has_columns(returned) else None
        return Answer(returned, message.kind, names, self._meta(message))

    def _meta(self, message: Message) -> Mapping[str, object]:
        given = message.meta
        if not given and self._tags is None:
            return {}
        meta = {"puid": given["puid"]} if given and "puid" in given else {}
        tags = {**_mapping(given and given.get("tags")), **_mapping(self._tags and self._tags())}
        return {**meta, "tags": tags} if tags else meta

    def _named(self) -> Sequence[object]:
        names: Any = self._class_names() if callable(self._class_names) else self._class_names
        return list(names.tolist() if hasattr(names, "tolist") else names)


class _AuthorsCode:
    """Turns whatever the author's code raises into ModelFailed; sys.exit() must not end the server."""

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A coroutine that is cancelled or dropped hears so by an exception that is not the model's.
        if error is None or isinstance(error, (RequestError, asyncio.CancelledError, GeneratorExit)):
            return
        raise ModelFailed(error) from error


_AUTHORS_CODE = _AuthorsCode()


def _healthy() -> object:
    return HEALTHY


def _missing(message: str) -> Call:
    def call(*_: object) -> object:
        raise MethodMissing(message)

    return call


def _mapping(value: object) -> Mapping[str, object]:
    if not value:
        return {}
    if not isinstance(value, Mapping):
        raise AnswerInvalid(f"tags must be an object of names and values, not {type(value).__name__}")
    return value


def _has_columns(returned: object) -> bool:
    if isinstance(returned, list):
        return bool(returned) and (isinstance(returned[0], list) or getattr(returned[0], "ndim", 0) > 0)
    return int(getattr(returned, "ndim", 0)) > 1
