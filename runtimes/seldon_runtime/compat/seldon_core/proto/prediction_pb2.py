"""The classes of Seldon's messages, as generated code would have them."""

from __future__ import annotations

from typing import Any

from .in_default_pool import class_of, registered

DESCRIPTOR = registered()
for _name, _descriptor in DESCRIPTOR.message_types_by_name.items():
    globals()[_name] = class_of(_descriptor)


def __getattr__(name: str) -> Any:
    # Type checkers read it too: every message is an attribute.
    raise AttributeError(f"Seldon's messages know no {name}")
