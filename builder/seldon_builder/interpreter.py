"""The image's own Python, run on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol


class Interpreter(Protocol):
    """The base image's interpreter, or one of exactly its version."""

    @property
    def version(self) -> str:
        """The exact version, ``3.13.5``."""

    @property
    def identity(self) -> str:
        """What its bytecode is filed under: the version for the default bases, else the base with it.

        What a base of the user's makes is used for that base alone: nobody proves it right.
        """

    def run(
        self,
        arguments: Sequence[str],
        *,
        stdin: BinaryIO,
        stdout: BinaryIO,
        environment: Mapping[str, str],
        shared: Path | None = None,
    ) -> None:
        """Run ``python <arguments>`` with only this environment; InterpreterFailed carries its stderr.

        ``shared`` is a folder of this machine that the process sees, writable, at ``SHARED``, with the
        machine's network; without it the process sees nothing but the base image's files, and no network
        where this machine allows namespaces.
        """


SHARED = "/mnt/seldon"
