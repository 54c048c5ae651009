"""One method of a component: how a request becomes a call, and what the author returned an answer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from ..message import Answer, Kind, Request
from ..request_errors import MethodMissing, RequestError
from .authors_code import means_not_implemented, told
from .lookup import Author, find, protobuf_annotation

Read = TypeVar("Read")
Arguments: TypeAlias = "tuple[object, ...]"


@dataclass(frozen=True)
class Steps(Generic[Read]):
    """What a method is made of: ``read`` decodes a request, ``call`` is the author's, ``answer`` says it.

    ``otherwise`` stands in for an author who raises SeldonNotImplementedError; without it that is refused.
    """

    read: Callable[[Request], Read]
    call: Callable[[Read], Any]
    answer: Callable[[Read, Any], Answer]
    otherwise: Callable[[Read], Any] | None = None


@dataclass(frozen=True)
class Raw:
    """A method that takes the document itself, or whatever ``arguments`` makes of a request."""

    call: Author
    arguments: Callable[[Request], Arguments]


Raws: TypeAlias = Mapping[bool, Raw]
# Takes note of what a raw method was given and returned, and returns what a client may see of it.
Seen: TypeAlias = Callable[[Arguments, Any], Any]


class Method(Generic[Read]):
    """A method of a component, looked up and its signature read once.

    Where ``is_async`` it is awaited (``later``), elsewhere called (``call``). What the author's code raises
    becomes a RequestError whose cause it is.
    """

    def __init__(self, name: str, steps: Steps[Read], raws: Raws, *, is_async: bool, seen: Seen) -> None:
        self.name, self.is_async = name, is_async
        self._read, self._answer = steps.read, steps.answer
        self._call = _or_otherwise(steps, is_async) if steps.otherwise else steps.call
        self._raws, self._seen = raws, seen

    def call(self, request: Request) -> Answer:
        """Answer ``request``; the author's method runs exactly once."""
        if self._raws and (raw := self._raws.get(request.is_protobuf)):
            arguments = raw.arguments(request)
            try:
                return self._as_it_is(arguments, raw.call(*arguments))
            except RequestError:
                raise
            except BaseException as error:
                if not means_not_implemented(error):
                    raise told(error) from error
        read = self._read(request)
        try:
            return self._answer(read, self._call(read))
        except RequestError:
            raise
        except BaseException as error:
            raise told(error) from error

    async def later(self, request: Request) -> Answer:
        """Answer ``request``, awaiting what must be awaited."""
        # Cancelled or dropped, a coroutine hears so by an exception that is not the model's.
        if self._raws and (raw := self._raws.get(request.is_protobuf)):
            arguments = raw.arguments(request)
            try:
                return self._as_it_is(arguments, await _awaited(raw.call(*arguments)))
            except RequestError:
                raise
            except (Exception, SystemExit, KeyboardInterrupt) as error:
                if not means_not_implemented(error):
                    raise told(error) from error
        read = self._read(request)
        try:
            return self._answer(read, await _awaited(self._call(read)))
        except RequestError:
            raise
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            raise told(error) from error

    def _as_it_is(self, arguments: Arguments, returned: object) -> Answer:
        return Answer(self._seen(arguments, returned), Kind.RAW)


async def _awaited(returned: Any) -> Any:
    return await returned if inspect.isawaitable(returned) else returned


def _or_otherwise(steps: Steps[Read], is_async: bool) -> Callable[[Read], Any]:
    call, otherwise = steps.call, steps.otherwise
    assert otherwise

    def now(read: Read) -> Any:
        try:
            return call(read)
        except Exception as error:
            if means_not_implemented(error):
                return otherwise(read)
            raise

    async def later(read: Read) -> Any:
        try:
            return await _awaited(call(read))
        except Exception as error:
            if means_not_implemented(error):
                return otherwise(read)
            raise

    return later if is_async else now


def implemented(owner: str, name: str, method: Author | None) -> Author:
    """Return ``method``; in place of a missing one what raises MethodMissing."""

    def missing(*_: object, **__: object) -> object:
        raise MethodMissing(f"{owner} does not define {name}()")

    return method or missing


def raws_of(user: object, name: str) -> Raws:
    """Return the raw forms of ``name`` that the author wrote, by whether the request is protobuf.

    ``name_raw`` serves both; older wrappers had ``name_rest`` and ``name_grpc``, of which predict's are
    chosen by the protocol and the others' ``_rest`` wins.
    """
    raw, rest, grpc = (find(user, f"{name}_{ending}") for ending in ("raw", "rest", "grpc"))
    if name != "predict":
        rest, grpc = rest or grpc, rest or grpc
    chosen = {False: rest or raw, True: grpc or raw}
    return {
        is_protobuf: Raw(method, document_for(method)) for is_protobuf, method in chosen.items() if method
    }


def document_for(method: Author, default: type | None = None) -> Callable[[Request], Arguments]:
    """Return how a raw ``method`` gets its document, as the protobuf class that it is annotated with."""
    wanted = protobuf_annotation(method) or default
    return lambda request: (request.raw(wanted),)
