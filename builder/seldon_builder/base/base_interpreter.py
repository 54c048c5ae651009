"""The interpreter of a chosen base, started only when something must be compiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from .. import base
from ..events import Emit
from ..interpreter import Interpreter
from ..store import Store


@dataclass(frozen=True)
class BaseInterpreter:
    """Knows its version at once and unpacks the base at the first ``run``: a warm build never does."""

    chosen: base.Base
    store: Store
    emit: Emit

    @property
    def version(self) -> str:
        """The exact version of the base's Python."""
        return self.chosen.target.python_version

    @property
    def identity(self) -> str:
        """What its bytecode is filed under; see Interpreter.identity."""
        return self.chosen.identity

    @cached_property
    def _interpreter(self) -> Interpreter:
        from . import rootfs_interpreter

        return rootfs_interpreter.interpreter_for(self.chosen, self.store, self.emit)

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
        self._interpreter.run(arguments, stdin=stdin, stdout=stdout, environment=environment, shared=shared)


def interpreter_of(chosen: base.Base, store: Store, emit: Emit) -> Interpreter:
    """Return the interpreter of ``chosen``, not yet started."""
    return BaseInterpreter(chosen, store, emit)
