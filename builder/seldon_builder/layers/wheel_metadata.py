"""What an installer adds to a wheel: RECORD, INSTALLER and the scripts of its entry points."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from posixpath import relpath
from typing import BinaryIO

from ..entry import Content, Entry, file
from ..prefix import DEPENDENCIES, PYTHON
from .encoder import CHUNK
from .wheel_archive import Wheel, WheelContent, refused_path

INSTALLER = b"seldon-python\n"
# Written anew here, or the notes of another installer about another place.
REPLACED = ("INSTALLER", "RECORD", "RECORD.jws", "RECORD.p7s", "REQUESTED", "direct_url.json")
# "#!pythonw" and what may end it.
_SHEBANG = 10
_SCRIPT_GROUPS = ("console_scripts", "gui_scripts")
_ENTRY_POINT = re.compile(r"(?P<module>[\w.]+)\s*:\s*(?P<attribute>[\w.]+)\s*(\[.*\])?")
_SCRIPT = """\
#!{python}
import sys
from {module} import {first}
if __name__ == "__main__":
    sys.exit({attribute}())
"""


def entry_point_scripts(wheel: Wheel) -> dict[str, Entry]:
    """Return the scripts of ``entry_points.txt`` by name."""
    import configparser

    parser = configparser.RawConfigParser(delimiters=("=",), strict=False, default_section="\0")
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names keep their case
    try:
        parser.read_string(wheel.metadata("entry_points.txt").decode())
    except (configparser.Error, UnicodeDecodeError) as error:
        raise wheel.malformed(f"it cannot be read ({error})", "entry_points.txt") from error
    points = [point for group in _SCRIPT_GROUPS if parser.has_section(group) for point in parser.items(group)]
    return {name: _script(wheel, name, value or "") for name, value in points}


def _script(wheel: Wheel, name: str, value: str) -> Entry:
    script = entry_point_script(name, value)
    if script is None:
        raise wheel.malformed(f"{name} = {value} names no function", "entry_points.txt")
    return script


def entry_point_script(name: str, value: str) -> Entry | None:
    """Return the script of the entry point ``name = value``; None where that names no function."""
    point = _ENTRY_POINT.fullmatch(value.strip())
    if point is None or "/" in name or refused_path(name):
        return None
    attribute = point["attribute"]
    text = _SCRIPT.format(
        python=PYTHON, module=point["module"], first=attribute.partition(".")[0], attribute=attribute
    )
    return file(f"{DEPENDENCIES}/bin/{name}", text.encode(), 0o755)


@dataclass(frozen=True)
class Script:
    """A wheel's script with the image's interpreter in place of ``#!python``; any other is what it was."""

    member: WheelContent

    def open(self) -> BinaryIO:
        """Open the script: as a whole where it changes, so that a program of any size is not held."""
        if not self.growth:
            return self.member.open()
        original = self.member.wheel.read(self.member.info)
        self.member.prove(hashlib.sha256(original).digest())
        return io.BytesIO(with_our_python(original))

    def prove(self, sha256: bytes) -> None:
        """Hold what was written against RECORD, if it is what the wheel has."""
        if not self.growth:
            self.member.prove(sha256)

    @cached_property
    def growth(self) -> int:
        """How many bytes more than in the wheel."""
        with self.member.open() as content:
            first = content.read(_SHEBANG)
        return len(with_our_python(first)) - len(first)


def with_our_python(script: bytes) -> bytes:
    """Return a wheel's script with the image's interpreter in place of ``#!python``."""
    first, newline, rest = script.partition(b"\n")
    shebang = re.match(rb"#!python(w?)(?=\s|$)", first)
    if shebang is None:
        return script
    return b"#!" + PYTHON.encode() + first[shebang.end() :] + newline + rest


def record(wheel: Wheel, entries: Iterable[Entry], site: str) -> Entry:
    """Return the RECORD of ``entries``, sorted; bytecode is not listed, as it is another layer's."""
    path = f"{site}/{wheel.metadata_folder}/RECORD"
    rows = [(relpath(entry.path, site), _hash(entry, wheel), str(entry.size)) for entry in entries]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(sorted([*rows, (relpath(path, site), "", "")]))
    return file(path, text.getvalue().encode("utf-8", "surrogateescape"))


def _hash(entry: Entry, wheel: Wheel) -> str:
    """Return what the wheel's own RECORD says, which is proven when the layer is written, else the hash."""
    content = entry.content
    if isinstance(content, WheelContent) and (known := wheel.recorded.get(content.info.filename)):
        return _spelt(known)
    assert content is not None
    return _sha256(content)


def _sha256(content: Content) -> str:
    whole = hashlib.sha256()
    with content.open() as data:
        while part := data.read(CHUNK):
            whole.update(part)
    return _spelt(whole.digest())


def _spelt(digest: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
