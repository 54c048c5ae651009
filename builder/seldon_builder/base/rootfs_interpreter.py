"""The base image's own Python, run among its own files (sandboxes.py has the ways to)."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ..errors.base import BaseNotSupported, BytecodeImpossible, InterpreterFailed
from .rootfs import resolve
from .sandboxes import Run, Sandbox, best_sandbox

if TYPE_CHECKING:
    from ..events import Emit
    from ..store import Store
    from . import Base

_COMPLAINT_BYTES = 4000


@dataclass(frozen=True)
class RootfsInterpreter:
    """A Python of an unpacked image; version and identity are empty while they are being found out."""

    sandbox: Sandbox
    python: str
    version: str
    identity: str = ""

    def run(
        self,
        arguments: Sequence[str],
        *,
        stdin: BinaryIO,
        stdout: BinaryIO,
        environment: Mapping[str, str],
        shared: Path | None = None,
    ) -> None:
        """Run ``python <arguments>``; see Interpreter.run."""
        # Nothing may write into the unpacked files, which later builds use too.
        run = Run([self.python, "-B", *arguments], environment, shared, network=shared is not None)
        command, variables = self.sandbox.command(run), self.sandbox.environment(run)
        with _readable(stdin) as source, _writable(stdout) as sink, tempfile.TemporaryFile() as complaint:
            ended = subprocess.run(
                command, stdin=source, stdout=sink, stderr=complaint, env=variables, cwd="/", check=False
            )
            if ended.returncode:
                raise InterpreterFailed(self.python, _last_words(complaint, ended.returncode))


def interpreter_for(chosen: Base, store: Store, emit: Emit) -> RootfsInterpreter:
    """Return what runs the Python of ``chosen``: its own, or its twin's where its own does not run here."""
    from .debian import host_architecture

    target = chosen.target
    if target.architecture == host_architecture():
        root = chosen.rootfs()
        if resolve(root, target.python_path) is None:
            raise BaseNotSupported(
                chosen.name, f"its labels name the Python {target.python_path}, which is not in it"
            )
        return interpreter_in(root, target.python_path, target.python_version, chosen.identity)
    twin = chosen.twin() if chosen.twin else None
    reason = f"it runs no {target.architecture} programs"
    if twin is None:
        raise BytecodeImpossible(
            target.python_version, f"{reason}, and {chosen.name} has no twin that it runs"
        )
    if twin.target.python_version != target.python_version:
        found = (
            f"the {twin.target.architecture} image of the same suite has Python {twin.target.python_version}"
        )
        raise BytecodeImpossible(target.python_version, f"{reason}, and {found}")
    return interpreter_for(twin, store, emit)


def interpreter_in(root: Path, python: str, version: str = "", identity: str = "") -> RootfsInterpreter:
    """Return the interpreter at ``python`` among the files of the image that is unpacked in ``root``."""
    # An unpacked root has the name of its chain of layers.
    name = f"seldon-python-rootfs:{root.name[:16]}"
    return RootfsInterpreter(best_sandbox(root, name, version), python, version, identity)


@contextmanager
def _readable(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Give a stream that a process can read: itself where the kernel knows it, else a copy."""
    if _is_file(stream):
        yield stream
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(stream, copy)
        copy.seek(0)
        yield copy


@contextmanager
def _writable(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Give a stream that a process can write, and pass on what it wrote."""
    if _is_file(stream):
        stream.flush()
        yield stream
        return
    with tempfile.TemporaryFile() as copy:
        yield copy
        copy.seek(0)
        shutil.copyfileobj(copy, stream)


def _is_file(stream: BinaryIO) -> bool:
    try:
        stream.fileno()
    except OSError:
        return False
    return True


def _last_words(complaint: BinaryIO, code: int) -> str:
    length = complaint.seek(0, os.SEEK_END)
    complaint.seek(max(0, length - _COMPLAINT_BYTES))
    return complaint.read().decode(errors="replace").strip() or f"it ended with code {code} and said nothing"
