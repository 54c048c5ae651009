"""Read an ``environment.yml``: all that conda knows of it, every problem with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from seldon_builder.dependencies.requirements_file import shown
from seldon_builder.dependencies.url_credentials import masked
from seldon_builder.errors.conda import EnvironmentInvalid
from seldon_builder.errors.resolution import BadLine

from .channels import ChannelInvalid, Channels
from .environment import SELECTORS, Channel, Spec
from .specs import SpecInvalid, read_spec
from .yaml_reading import Items, Node, Scalar, Table, yaml_tree

# Keys of conda's own, then those that conda-lock adds.
_KEYS = ("name", "channels", "dependencies", "prefix", "variables", "platforms")
_KEYS_OF_CONDA_LOCK = ("category", "pip-repositories", "allow-pypi-requests")
_SELECTOR = re.compile(r"#.*?\[([a-z0-9]+)\]")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLATFORM = re.compile(r"(linux|osx|win|emscripten|wasi|freebsd)-[a-z0-9]+|noarch")
_ONLY_ON = {"linux64": "x86_64", "aarch64": "aarch64"}


@dataclass
class EnvironmentFile:
    """What an ``environment.yml`` says; ``pip`` are lines of a requirements file with their numbers."""

    path: str
    channels: list[Channel] = field(default_factory=list)
    specs: list[Spec] = field(default_factory=list)
    pip: list[tuple[int, str]] = field(default_factory=list)
    variables: list[tuple[str, str]] = field(default_factory=list)
    platforms: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def read_environment_file(path: str, text: str, channels: Channels) -> EnvironmentFile:
    """Read the ``text`` of the file at ``path``; EnvironmentInvalid names everything that is wrong."""
    tree = yaml_tree(text, path)
    if not isinstance(tree, Table):
        raise EnvironmentInvalid([BadLine(f"{path}:{tree.line}", "", "there must be `dependencies:` in it")])
    reading = _Reading(EnvironmentFile(path), text.splitlines(), channels)
    reading.read(tree)
    if reading.bad:
        raise EnvironmentInvalid(reading.bad)
    return reading.found


@dataclass
class _Reading:
    """What was found so far, and what is wrong with it."""

    found: EnvironmentFile
    lines: list[str]
    channels: Channels
    bad: list[BadLine] = field(default_factory=list)

    def read(self, tree: Table) -> None:
        for key, _ in tree.values:
            if key.text not in (*_KEYS, *_KEYS_OF_CONDA_LOCK):
                self._wrong(key, f"there is no such key; there are {', '.join(_KEYS)}")
        self._channels(tree.get("channels"))
        for item in self._items(tree.get("dependencies"), "dependencies"):
            self._dependency(item)
        self._variables(tree.get("variables"))
        self._platforms(tree.get("platforms"))
        if not self.found.specs and not self.found.pip and not self.bad:
            self.bad.append(BadLine(self.found.path, "", "it has no dependencies"))
        self.found.remarks.extend(f"{key} is of no use in an image" for key in ("prefix",) if tree.get(key))

    def _channels(self, node: Node | None) -> None:
        for item in self._items(node, "channels"):
            self._channel(item)
        if not self.found.channels and not self.bad:
            self.found.channels.extend(self.channels.unnamed())

    def _channel(self, item: Node) -> None:
        text = self._text(item, "a channel is a text")
        if text and text != "nodefaults":
            self._tried(item, lambda: self.found.channels.extend(self.channels.named(text)))

    def _dependency(self, item: Node) -> None:
        if isinstance(item, Table):
            self._pip(item)
        elif text := self._text(item, "a dependency is a text such as numpy=2.1, or `pip:` with a list"):
            origin, selector = f"{self.found.path}:{item.line}", self._selector(item.line)
            self._tried(
                item,
                lambda: self.found.specs.extend(read_spec(text, origin, self.channels, selector)),
            )

    def _pip(self, table: Table) -> None:
        for key, value in table.values:
            if key.text != "pip":
                self._wrong(key, "among dependencies there is `pip:` alone")
            elif not (isinstance(value, Scalar) and value.is_null):
                for item in self._items(value, "pip"):
                    text = self._text(item, "a line of pip: is a text")
                    if text and (line := _limited(text, self._selector(item.line))):
                        self.found.pip.append((item.line, line))

    def _variables(self, node: Node | None) -> None:
        if node is None:
            return
        if not isinstance(node, Table):
            self._wrong(node, "variables: is a mapping of names to values")
            return
        for key, value in node.values:
            text = self._text(value, f"the value of {key.text} must be a text", empty=True)
            if not _VARIABLE.fullmatch(key.text):
                self._wrong(key, "a variable's name has letters, digits and _ alone")
            elif text is not None:
                # As conda writes what YAML takes for a truth value.
                said = text.capitalize() if text.lower() in ("true", "false") else text
                self.found.variables.append((key.text, said))

    def _platforms(self, node: Node | None) -> None:
        for item in self._items(node, "platforms"):
            text = self._text(item, "a platform is a text")
            if text and not _PLATFORM.fullmatch(text):
                self._wrong(item, f"{text!r} is no platform; there are linux-64, linux-aarch64 and others")
            elif text:
                self.found.platforms.append(text)

    def _items(self, node: Node | None, key: str) -> Iterator[Node]:
        if isinstance(node, Items):
            yield from node.values
        elif node is not None:
            self._wrong(node, f"{key}: is a list, each line of it beginning with -")

    def _text(self, node: Node, reason: str, *, empty: bool = False) -> str | None:
        if isinstance(node, Scalar) and not node.is_null and (empty or node.text.strip()):
            return node.text if empty else node.text.strip()
        self._wrong(node, reason)
        return None

    def _selector(self, line: int) -> str:
        found = _SELECTOR.search(self.lines[line - 1]) if line <= len(self.lines) else None
        return found[1] if found and found[1] in SELECTORS else ""

    def _tried(self, node: Node, act: Callable[[], object]) -> None:
        try:
            act()
        except (ChannelInvalid, SpecInvalid) as error:
            self._wrong(node, masked(str(error)))

    def _wrong(self, node: Node, reason: str) -> None:
        text = shown(node.text) if isinstance(node, Scalar) else ""
        self.bad.append(BadLine(f"{self.found.path}:{node.line}", text, reason))


def _limited(line: str, selector: str) -> str:
    """Say with a marker what a selector says; "" where the line never counts."""
    if not selector:
        return line
    if not SELECTORS[selector]:
        return ""
    machine = _ONLY_ON.get(selector)
    if not machine or line.startswith("-"):
        return line
    named, semicolon, marker = line.partition(";")
    limit = f'platform_machine == "{machine}"'
    limit = f"({marker.strip()}) and {limit}" if semicolon else limit
    return f"{named.rstrip()} ; {limit}"
