"""gRPC's server reflection: what is served, for clients that have no .proto files."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from ..proto.descriptors import FILES
from ..proto.messages import POOL, message_class, parsed
from ..request_errors import PayloadInvalid
from .services import Handler
from .status import told

PACKAGE = "grpc.reflection.v1"
NAMES = (f"{PACKAGE}.ServerReflection", f"{PACKAGE}alpha.ServerReflection")
METHOD = "ServerReflectionInfo"
# An open stream keeps a thread, asking or not.
STREAMS = 4


class Reflection:
    """Answers what clients ask of the ``services`` and their messages, until ``end``."""

    def __init__(self, services: Collection[str]) -> None:
        self._services = sorted({*services, *NAMES})
        self._threads = ThreadPoolExecutor(STREAMS, "grpc_reflection")
        self._lock = threading.Lock()
        self._open: set[grpc.ServicerContext] = set()

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by path: both versions have the same messages but for their package."""

        def answers(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            with self._lock:
                self._open.add(context)
            try:
                for request in requests:
                    yield self._answer(request, context)
            finally:
                with self._lock:
                    self._open.discard(context)

        answers.experimental_thread_pool = self._threads  # type: ignore[attr-defined]  # functions take attributes
        handler: Handler = grpc.stream_stream_rpc_method_handler(answers)
        return {f"/{name}/{METHOD}": handler for name in NAMES}

    def end(self) -> None:
        """End the streams that are open: they would go on for as long as their clients want."""
        with self._lock:
            contexts = list(self._open)
        for context in contexts:
            context.cancel()

    def _answer(self, body: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            request: Any = parsed(message_class(f"{PACKAGE}.ServerReflectionRequest"), body)
        except PayloadInvalid as error:
            context.abort(*told(error))
        answer: Any = message_class(f"{PACKAGE}.ServerReflectionResponse")()
        answer.valid_host = request.host
        answer.original_request.CopyFrom(request)
        try:
            self._fill(answer, request)
        except KeyError:
            asked = getattr(request, request.WhichOneof("message_request"))
            answer.error_response.error_code = grpc.StatusCode.NOT_FOUND.value[0]
            answer.error_response.error_message = f"nothing is known of {asked}"
        written: bytes = answer.SerializeToString()
        return written

    def _fill(self, answer: Any, request: Any) -> None:
        asked = request.WhichOneof("message_request")
        if asked == "list_services":
            for name in self._services:
                answer.list_services_response.service.add(name=name)
        elif asked == "file_by_filename":
            _add_files(answer, request.file_by_filename)
        elif asked == "file_containing_symbol":
            _add_files(answer, _file_of(request.file_containing_symbol))
        elif asked == "all_extension_numbers_of_type":
            name = request.all_extension_numbers_of_type
            answer.all_extension_numbers_response.base_type_name = POOL.FindMessageTypeByName(name).full_name
        elif asked == "file_containing_extension":
            raise KeyError  # there are no extensions
        else:
            answer.error_response.error_code = grpc.StatusCode.INVALID_ARGUMENT.value[0]
            answer.error_response.error_message = "the request asks for nothing"


def _file_of(symbol: str) -> str:
    """Return the file that defines ``symbol``, be it a field or method; KeyError."""
    while True:
        try:
            return str(POOL.FindFileContainingSymbol(symbol).name)
        except KeyError:
            symbol, dot, _ = symbol.rpartition(".")
            if not dot:
                raise


def _add_files(answer: Any, name: str) -> None:
    """Add a file and what it imports."""
    names = [name]
    for found in names:
        names.extend(
            other.name for other in POOL.FindFileByName(found).dependencies if other.name not in names
        )
    answer.file_descriptor_response.file_descriptor_proto.extend(FILES[found] for found in names)
