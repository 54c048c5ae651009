"""The interpreter of a chosen base, started only when something must be compiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from .. import base
from ..errors.base import InterpreterFailed
from ..events import Emit
from ..interpreter import Interpreter
from ..store import Store
from .seal import doubt

if TYPE_CHECKING:
    from .rootfs_interpreter import RootfsInterpreter


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
    def _interpreter(self) -> RootfsInterpreter:
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
        interpreter = self._interpreter
        try:
            interpreter.run(arguments, stdin=stdin, stdout=stdout, environment=environment, shared=shared)
        except InterpreterFailed:
            # A resolver that shares a folder fails for what it was asked; what compiles has no such reason.
            if shared is None:
                doubt(interpreter.sandbox.root)
            raise


def interpreter_of(chosen: base.Base, store: Store, emit: Emit) -> Interpreter:
    """Return the interpreter of ``chosen``, not yet started."""
    return BaseInterpreter(chosen, store, emit)
