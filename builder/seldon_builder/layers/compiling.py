"""Run the image's own Python to compile source files (see bytecode_worker, whose protocol this speaks)."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from ..entry import Entry, PartOfFile
from ..errors.base import InterpreterFailed
from ..errors.layers import BytecodeIncomplete, ContentChanged
from ..interpreter import Interpreter
from ..store import Store

# The bounds of chunks are part of the layout version: other bounds make other bytes.
FILES_PER_CHUNK = 64
# So are these: a file that is larger, or whose pyc no disk could hold under its name, is left out. Compiling
# takes hundreds of times a source's size in memory.
COMPILED_AT_MOST = 4 << 20
NAME_AT_MOST, PATH_AT_MOST = 255, 4095
# Not -I or -E, which would ignore the hash seed. What -W silences would import modules to print itself.
ARGUMENTS = ("-s", "-S", "-W", "ignore", "-c")
ENVIRONMENT = {
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
}
_END = 0xFFFFFFFF
_FRAME = struct.Struct("<III")
_RESULT = struct.Struct("<II")
_NUMBER = struct.Struct("<I")


@dataclass(frozen=True)
class Compiler:
    """The image's Python, and how many of its processes may work at once."""

    interpreter: Interpreter
    processes: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))

    @property
    def version(self) -> str:
        """The exact version of Python that compiles."""
        return self.interpreter.version

    @property
    def identity(self) -> str:
        """What the bytecode is filed under; see Interpreter.identity."""
        return self.interpreter.identity

    def compile(self, files: Sequence[Entry], store: Store, results: BinaryIO) -> dict[str, PartOfFile]:
        """Compile source files into ``results``.

        What is not Python's syntax is left out of the answer, and so is what is too large to be written by
        hand.

        The answer goes by the paths of the pyc in the image. The bytes depend on which files come together,
        so all files of a wheel must be given, and no others.
        """
        ordered = sorted((file for file in files if self._is_compiled(file)), key=lambda file: file.path)
        if not ordered:
            return {}
        with store.scratch() as job:
            for part in self._job(ordered):
                job.write(part)
            job.seek(0)
            self._run(job, results)
        found = dict(_results(results))
        if found.keys() != {*range(len(ordered)), _END}:
            raise BytecodeIncomplete(self.version)
        self._check(found[_END])
        return {self._pyc_path(file): found[at] for at, file in enumerate(ordered) if found[at].size}

    def _check(self, last_word: PartOfFile) -> None:
        """Compare what compiled with what was to compile: labels can be wrong."""
        with last_word.open() as said:
            found = said.read().decode(errors="replace")
        if found != f"cpython {self.version}":
            raise InterpreterFailed(
                self.version,
                f"It says that it is {found!r}.",
                hint="the base image's labels say otherwise: correct them, or believe its files with --force",
            )

    def _is_compiled(self, file: Entry) -> bool:
        path = self._pyc_path(file).encode("utf-8", "surrogateescape")
        is_named = len(path) <= PATH_AT_MOST and len(path.rpartition(b"/")[2]) <= NAME_AT_MOST
        return is_named and file.size <= COMPILED_AT_MOST

    def _pyc_path(self, file: Entry) -> str:
        folder, _, name = file.path.rpartition("/")
        tag = "cpython-" + "".join(self.version.split(".")[:2])
        return f"{folder}/__pycache__/{name.removesuffix('.py')}.{tag}.pyc"

    def _job(self, files: Sequence[Entry]) -> Iterator[bytes]:
        yield _NUMBER.pack(self.processes)
        for start in range(0, len(files), FILES_PER_CHUNK):
            chunk = files[start : start + FILES_PER_CHUNK]
            yield _NUMBER.pack(sum(_framed_size(file) for file in chunk))
            yield from (_framed(start + at, file) for at, file in enumerate(chunk))
        yield _NUMBER.pack(0)

    def _run(self, job: BinaryIO, results: BinaryIO) -> None:
        from importlib import resources

        text = resources.files(__package__ or "").joinpath("bytecode_worker.py").read_text()
        self.interpreter.run([*ARGUMENTS, text], stdin=job, stdout=results, environment=ENVIRONMENT)


def pyc_entry(path: str, pyc: PartOfFile) -> Entry:
    """Make the entry of a compiled file."""
    return Entry(path, 0o644, pyc.size, pyc)


def _framed_size(file: Entry) -> int:
    return _FRAME.size + len(file.path.encode()) + file.size


def _framed(index: int, file: Entry) -> bytes:
    assert file.content is not None
    path = file.path.encode()
    with file.content.open() as content:
        source = content.read()
    if len(source) != file.size:
        raise ContentChanged(file.path, file.size, len(source))
    return _FRAME.pack(index, len(path), len(source)) + path + source


def _results(file: BinaryIO) -> Iterator[tuple[int, PartOfFile]]:
    """Yield what the worker said, its last word included; nothing past the point where it broke off."""
    at, size = 0, file.seek(0, os.SEEK_END)
    while at + _RESULT.size <= size:
        index, length = _RESULT.unpack(os.pread(file.fileno(), _RESULT.size, at))
        at += _RESULT.size
        if at + length > size:
            return
        yield index, PartOfFile(file, at, length)
        at += length
