"""Seldon's messages in protobuf's default pool, where google.protobuf's own Value, ListValue and Any live.

The server has its messages in a pool of its own (seldon_runtime.proto.messages): there, a field of a message
does not take what a model made with google.protobuf.struct_pb2. Here it does. TensorFlow's part is its own
where it is installed. Elsewhere it goes by another name: what somebody else registers must not be in the way.
"""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterable
from typing import Any

from google.protobuf import (
    any_pb2,
    descriptor_pb2,
    descriptor_pool,
    empty_pb2,
    message_factory,
    struct_pb2,
    symbol_database,
)
from seldon_runtime.proto.descriptors import FILES

FILE, TENSORFLOW = "proto/prediction.proto", "tensorflow/"
TENSOR = "tensorflow/core/framework/tensor.proto"
RENAMED = "seldon_core."
# Importing them puts their files into the pool.
KNOWN = (any_pb2, empty_pb2, struct_pb2)


def registered() -> Any:
    """Return the descriptor of Seldon's file, which is registered where it is not yet."""
    pool = descriptor_pool.Default()
    rename = "" if _has_tensorflow(pool) else RENAMED
    for name, content in FILES.items():
        if name == FILE or (rename and name.startswith(TENSORFLOW)):
            _register(pool, _renamed(content) if rename else content)
    return pool.FindFileByName(FILE)


def _has_tensorflow(pool: Any) -> bool:
    if not _knows(pool, TENSOR) and importlib.util.find_spec("tensorflow"):
        with contextlib.suppress(ImportError):
            importlib.import_module("tensorflow.core.framework.tensor_pb2")
    return _knows(pool, TENSOR)


def _knows(pool: Any, file: str) -> bool:
    try:
        return pool.FindFileByName(file) is not None
    except KeyError:
        return False


def _register(pool: Any, content: bytes) -> None:
    if not _knows(pool, descriptor_pb2.FileDescriptorProto.FromString(content).name):
        pool.AddSerializedFile(content)


def _renamed(content: bytes) -> bytes:
    """Return a file in which TensorFlow's names are others."""
    file = descriptor_pb2.FileDescriptorProto.FromString(content)
    if file.package == "tensorflow":
        file.name, file.package = f"seldon_core/{file.name}", RENAMED + file.package
    for index, name in enumerate(file.dependency):
        if name.startswith(TENSORFLOW):
            file.dependency[index] = f"seldon_core/{name}"
    _rename_types(file.message_type)
    return file.SerializeToString()


def _rename_types(messages: Iterable[descriptor_pb2.DescriptorProto]) -> None:
    for message in messages:
        for field in message.field:
            if field.type_name.startswith(".tensorflow."):
                field.type_name = f".{RENAMED}{field.type_name[1:]}"
        _rename_types(message.nested_type)


def class_of(descriptor: Any) -> Any:
    """Return the class of a message."""
    # protobuf before 4.22 has no GetMessageClass.
    found = getattr(message_factory, "GetMessageClass", None)
    database: Any = symbol_database.Default()
    return found(descriptor) if found else database.GetPrototype(descriptor)
