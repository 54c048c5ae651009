"""YAML as people write it into environment files: every value with its line, nothing twice, nothing deep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from seldon_builder.errors.conda import CondaNotInstalled, EnvironmentInvalid
from seldon_builder.errors.resolution import BadLine
from seldon_builder.source import Source, read_regular

LARGEST = 1 << 20
# The C parser recurses without end; what people write has a depth of four.
_DEEPEST = 40
_TAGS, _KNOWN_TAGS = "tag:yaml.org,2002:", ("str", "int", "float", "bool", "null", "seq", "map")
_NULL = ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True)
class Scalar:
    """A text or number as it was written; ``is_null`` where nothing was."""

    text: str
    line: int
    is_null: bool = False


@dataclass(frozen=True)
class Items:
    """A list."""

    values: tuple[Node, ...]
    line: int


@dataclass(frozen=True)
class Table:
    """A mapping, its keys all different."""

    values: tuple[tuple[Scalar, Node], ...]
    line: int

    def get(self, key: str) -> Node | None:
        """Return the value of ``key``, None where it is not there or is null."""
        found = next((value for name, value in self.values if name.text == key), None)
        return None if isinstance(found, Scalar) and found.is_null else found


Node: TypeAlias = Scalar | Items | Table


class _Nonsense(Exception):
    """What this line holds is no YAML that we take."""

    def __init__(self, line: int, reason: str) -> None:
        self.line, self.reason = line, reason


def text_of(source: Source, path: str, largest: int = LARGEST) -> str:
    """Return the text of a file of the source; EnvironmentInvalid where it is none."""
    try:
        return read_regular(source.root / path, largest).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EnvironmentInvalid([BadLine(path, "", f"it is not UTF-8 text ({error.reason})")]) from None
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise EnvironmentInvalid([BadLine(path, "", reason)]) from error


def yaml_tree(text: str, path: str) -> Node:
    """Read the one document of ``text``; EnvironmentInvalid names the line of what is wrong."""
    yaml = imported_yaml()
    try:
        events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        found = _document(yaml, events)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error).partition("\n")[0]
        where = f"{path}:{mark.line + 1}" if mark else path
        raise EnvironmentInvalid([BadLine(where, "", f"it is not YAML: {reason}")]) from error
    except _Nonsense as error:
        raise EnvironmentInvalid([BadLine(f"{path}:{error.line}", "", error.reason)]) from error
    if found is None or (isinstance(found, Scalar) and found.is_null):
        raise EnvironmentInvalid([BadLine(path, "", "it is empty")])
    return found


def yaml_objects(text: str, path: str) -> Any:
    """Read the one document of ``text`` as lists, mappings, texts and numbers."""
    yaml_tree(text, path)
    yaml = imported_yaml()
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise EnvironmentInvalid([BadLine(path, "", f"it is not YAML: {reason}")]) from error


def imported_yaml() -> Any:
    """Return the module; CondaNotInstalled where the extra is not there."""
    try:
        import yaml
    except ImportError as error:
        raise CondaNotInstalled("pyyaml") from error
    return yaml


def _document(yaml: Any, events: Iterator[Any]) -> Node | None:
    reading, found = _Tree(yaml), None
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            if found is not None:
                raise _Nonsense(event.start_mark.line + 1, "a second document begins; there may be one")
        elif isinstance(event, yaml.NodeEvent):
            found = reading.node(event, events, 0)
    return found


class _Tree:
    """Makes values of events; the parsers of PyYAML that do so take duplicate keys, and any depth."""

    def __init__(self, yaml: Any) -> None:
        self._yaml, self._anchored = yaml, dict[str, Node]()

    def node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        line = event.start_mark.line + 1
        if depth > _DEEPEST:
            raise _Nonsense(line, f"it is nested more than {_DEEPEST} deep")
        if isinstance(event, self._yaml.AliasEvent):
            if event.anchor not in self._anchored:
                raise _Nonsense(line, f"*{event.anchor} stands for nothing")
            return self._anchored[event.anchor]
        found = self._value(event, events, depth, line)
        if event.anchor:
            self._anchored[event.anchor] = found
        return found

    def _value(self, event: Any, events: Iterator[Any], depth: int, line: int) -> Node:
        if event.tag and event.tag.removeprefix(_TAGS) not in _KNOWN_TAGS:
            raise _Nonsense(line, f"the tag {event.tag} means nothing here")
        if isinstance(event, self._yaml.ScalarEvent):
            return Scalar(event.value, line, bool(event.implicit[0]) and event.value in _NULL)
        if isinstance(event, self._yaml.SequenceStartEvent):
            return Items(tuple(self._until(self._yaml.SequenceEndEvent, events, depth)), line)
        return self._table(list(self._until(self._yaml.MappingEndEvent, events, depth)), line)

    def _until(self, end: type, events: Iterator[Any], depth: int) -> Iterator[Node]:
        for event in events:
            if isinstance(event, end):
                return
            yield self.node(event, events, depth + 1)

    def _table(self, nodes: list[Node], line: int) -> Table:
        values: dict[str, tuple[Scalar, Node]] = {}
        for key, value in zip(nodes[::2], nodes[1::2], strict=True):
            if not isinstance(key, Scalar):
                raise _Nonsense(key.line, "a key must be a text")
            if key.text in values:
                first = values[key.text][0].line
                raise _Nonsense(key.line, f"the key {key.text} stands here again; it is in line {first} too")
            values[key.text] = (key, value)
        return Table(tuple(values.values()), line)
