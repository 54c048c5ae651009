"""One method of a component: how a request becomes a call, and what the author returned an answer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from ..message import Answer, Kind, Request
from ..request_errors import MethodMissing
from .authors_code import AUTHORS_CODE, means_not_implemented
from .lookup import Author, find, is_async, protobuf_annotation

Read = TypeVar("Read")


@dataclass(frozen=True)
class Steps(Generic[Read]):
    """What a method is made of: ``read`` decodes a request, ``call`` is the author's, ``answer`` says it."""

    read: Callable[[Request], Read]
    call: Callable[[Read], Any]
    answer: Callable[[Read, Any], Answer]


@dataclass(frozen=True)
class Raw:
    """A method that takes the document itself; ``wanted`` is the protobuf class it is annotated with."""

    call: Author
    wanted: type | None
    takes_document: bool = True


Raws: TypeAlias = Mapping[bool, Raw]


class Method(Generic[Read]):
    """A method of a component, looked up and its signature read once.

    Where ``is_async`` it is awaited (``later``), elsewhere called (``call``). What the author's code raises
    becomes a RequestError whose cause it is.
    """

    def __init__(
        self,
        name: str,
        steps: Steps[Read],
        raws: Raws,
        *,
        is_async: bool,
        record: Callable[[object], None],
    ) -> None:
        self.name, self.is_async = name, is_async
        self._read, self._call, self._answer = steps.read, steps.call, steps.answer
        self._raws, self._record = raws, record

    def call(self, request: Request) -> Answer:
        """Answer ``request``; the author's method runs exactly once."""
        if self._raws and (raw := self._raws.get(request.is_protobuf)):
            document = request.raw(raw.wanted) if raw.takes_document else None
            with AUTHORS_CODE:
                try:
                    return self._as_it_is(raw.call(document) if raw.takes_document else raw.call())
                except Exception as error:  # noqa: BLE001 - raised again unless it only says "not implemented"
                    self._fall_back(error)
        read = self._read(request)
        with AUTHORS_CODE:
            return self._answer(read, self._call(read))

    async def later(self, request: Request) -> Answer:
        """Answer ``request``, awaiting what must be awaited."""
        if self._raws and (raw := self._raws.get(request.is_protobuf)):
            document = request.raw(raw.wanted) if raw.takes_document else None
            with AUTHORS_CODE:
                try:
                    return self._as_it_is(
                        await _awaited(raw.call(document) if raw.takes_document else raw.call())
                    )
                except Exception as error:  # noqa: BLE001 - raised again unless it only says "not implemented"
                    self._fall_back(error)
        read = self._read(request)
        with AUTHORS_CODE:
            return self._answer(read, await _awaited(self._call(read)))

    def _as_it_is(self, document: object) -> Answer:
        self._record(document)
        return Answer(document, Kind.RAW)

    def _fall_back(self, error: Exception) -> None:
        if not means_not_implemented(error):
            raise error


async def _awaited(returned: Any) -> Any:
    return await returned if inspect.isawaitable(returned) else returned


def implemented(owner: str, name: str, method: Author | None) -> Author:
    """Return ``method``; one that is missing, or says that it is not implemented, becomes MethodMissing."""
    missing = f"{owner} does not define {name}()"
    if method is None:
        return _missing(missing)
    if is_async(method):
        return method

    def call(*arguments: object, **keywords: object) -> Any:
        try:
            return method(*arguments, **keywords)
        except NotImplementedError as error:
            raise MethodMissing(missing) from error

    # Its signature is read by whoever calls it.
    call.__signature__ = _signature(method)  # type: ignore[attr-defined]  # functions take attributes
    return call


def _signature(method: Author) -> inspect.Signature:
    try:
        return inspect.signature(method)
    except (TypeError, ValueError):  # a compiled method that does not tell
        return inspect.Signature(
            [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in ("x", "names")]
        )


def _missing(message: str) -> Author:
    def call(*_: object, **__: object) -> object:
        raise MethodMissing(message)

    return call


def raws_of(user: object, name: str, default: type | None = None, *, document: bool = True) -> Raws:
    """Return the raw forms of ``name`` that the author wrote, by whether the request is protobuf.

    ``name_raw`` serves both; older wrappers had ``name_rest`` and ``name_grpc``, of which predict's are
    chosen by the protocol and the others' ``_rest`` wins. ``default`` is what an unannotated one gets.
    """
    raw, rest, grpc = (find(user, f"{name}_{ending}") for ending in ("raw", "rest", "grpc"))
    if name != "predict":
        rest, grpc = rest or grpc, rest or grpc
    chosen = {False: rest or raw, True: grpc or raw}
    return {
        is_protobuf: Raw(method, protobuf_annotation(method) or default, document)
        for is_protobuf, method in chosen.items()
        if method
    }
