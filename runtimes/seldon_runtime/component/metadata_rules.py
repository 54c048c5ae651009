"""What metadata may hold.

Source: the v1 and v2 schemas of Seldon's model metadata, the same that seldon-core 1.17 validates by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

# Tells what is wrong with a value, "" where nothing is.
Rule: TypeAlias = Callable[[object], str]

ARRAYS = ("tensor", "ndarray", "tftensor")
PLAIN = ("strData", "binData")
DATATYPES = (
    *("BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64"),
    *("FP16", "FP32", "FP64", "BYTES"),
)


def fault_of(document: Mapping[str, object]) -> str:
    """Return what is wrong with ``document``, which has defaults for all it must have; "" if nothing is."""
    fault = _METADATA(document)
    return _at("metadata", fault) if fault else ""


def _text(value: object) -> str:
    return "" if isinstance(value, str) else f"is {value!r:.80}, which is no text"


def _whole(value: object) -> str:
    is_whole = (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, float) and value.is_integer()
    )
    return "" if is_whole else f"is {value!r:.80}, which is no whole number"


def _datatype(value: object) -> str:
    return "" if value in DATATYPES else f"is {value!r:.80}, which is none of {', '.join(DATATYPES)}"


def _any_object(value: object) -> str:
    return "" if isinstance(value, Mapping) else f"is {value!r:.80}, which is no object"


def _list_of(rule: Rule) -> Rule:
    def check(value: object) -> str:
        if not isinstance(value, (list, tuple)):
            return f"is {value!r:.80}, which is no list"
        faults = ((index, rule(item)) for index, item in enumerate(value))
        return next((_at(f"[{index}]", fault) for index, fault in faults if fault), "")

    return check


def _object_of(**rules: Rule) -> Rule:
    def check(value: object) -> str:
        if not isinstance(value, Mapping):
            return _any_object(value)
        unknown = sorted(str(name) for name in value if name not in rules)
        if unknown:
            return f"has {', '.join(unknown)}; there may be {', '.join(rules)}"
        return _first_fault(value, lambda name: rules[name])

    return check


def _map_to(rule: Rule) -> Rule:
    def check(value: object) -> str:
        return _first_fault(value, lambda _: rule) if isinstance(value, Mapping) else _any_object(value)

    return check


def _first_fault(value: Mapping[str, object], rule_of: Callable[[str], Rule]) -> str:
    faults = ((name, rule_of(name)(item)) for name, item in value.items())
    return next((_at(f".{name}", fault) for name, fault in faults if fault), "")


def _at(place: str, fault: str) -> str:
    """Return ``fault`` with ``place`` before the place that it names."""
    return f"{place}{fault}" if fault.startswith((".", "[")) else f"{place} {fault}"


def _message(value: object) -> str:
    """Check one of inputs or outputs: a Seldon payload, or a tensor of the Open Inference Protocol."""
    if not isinstance(value, Mapping) or "messagetype" not in value:
        return _V2_TENSOR(value)
    kind = value["messagetype"]
    if kind in ARRAYS:
        return _ARRAY(value)
    return _PLAIN(value) if kind in PLAIN else _CUSTOM(value)


_V2_TENSOR = _object_of(name=_text, datatype=_datatype, shape=_list_of(_whole))
_ARRAY = _object_of(messagetype=_text, schema=_object_of(names=_list_of(_text), shape=_list_of(_whole)))
_PLAIN = _object_of(messagetype=_text)
_CUSTOM = _object_of(messagetype=_text, schema=_any_object)
_METADATA = _object_of(
    name=_text,
    versions=_list_of(_text),
    platform=_text,
    inputs=_list_of(_message),
    outputs=_list_of(_message),
    custom=_map_to(_text),
)
