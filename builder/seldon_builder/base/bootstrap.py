"""One run of mmdebstrap, from packages to a layer in the store."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ..errors.base import BaseNotMade, BootstrapMissing
from ..events import Emit, progress
from ..image import EPOCH, Image
from ..layers.encoder import PlainEncoder
from ..store import Record, Store
from . import foreign
from .facts import config_of, facts_of
from .labels import PATH
from .stdlib_hook import customize_hook
from .tree import Tree, tree_of, write_tree
from .trim import trimmed

# usr-is-merged spares bookworm the other way to a merged /usr, which needs all of Perl.
_RUN = ("ca-certificates", "libgomp1", "libstdc++6", "python3", "tzdata", "usr-is-merged")
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "run": _RUN,
    "build": (*_RUN, "g++", "gcc", "libc6-dev", "make", "pkgconf", "python3-dev", "python3-pip"),
}
_EXCLUDED = ("doc/*", "info/*", "locale/*", "man/*", "lintian/*", "bug/*")
_COMPLAINT_LINES = 12


@dataclass(frozen=True)
class Bootstrap:
    """One run of mmdebstrap: which packages of which suite, from where, and who listens."""

    suite: str
    architecture: str
    kind: str
    mirror: str
    environment: Mapping[str, str] = field(repr=False)
    emit: Emit

    @property
    def name(self) -> str:
        """What messages call the tree."""
        return f"{self.suite}/{self.architecture}" + (" with a compiler" if self.kind == "build" else "")

    def run(self, arguments: list[str], output: BinaryIO) -> None:
        """Write the tar of a new tree to ``output``, telling of each step."""
        program = shutil.which("mmdebstrap", path=PATH)
        if program is None:
            raise BootstrapMissing
        command = [program, *arguments, f"--architectures={self.architecture}", "--format=tar"]
        command += [f"--include={','.join(PACKAGES[self.kind])}"]
        command += [f"--dpkgopt=path-exclude=/usr/share/{pattern}" for pattern in _EXCLUDED]
        command += ["--dpkgopt=path-include=/usr/share/doc/*/copyright", self.suite, "-"]
        command += [self.mirror] if self.mirror else []
        variables = {
            **self.environment,
            "LC_ALL": "C.UTF-8",
            "PATH": PATH,
            "SOURCE_DATE_EPOCH": str(EPOCH),
        }
        # When mmdebstrap fails it hangs up its process group, which must not be this one.
        with subprocess.Popen(
            command, stdout=output, stderr=subprocess.PIPE, env=variables, start_new_session=True
        ) as process:
            try:
                self._listen(process)
            except BaseException:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGINT)
                raise

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        last: deque[str] = deque(maxlen=_COMPLAINT_LINES)
        for raw in process.stderr:
            line = raw.decode(errors="replace").rstrip()
            last.append(line)
            if step := _step(line):
                self.emit(progress("base", f"Debian {self.name}: {step}"))
        if process.wait():
            # A mirror's URL may hold a password.
            complaint = re.sub(r"//[^/@\s]+@", "//***@", "\n".join(line for line in last if line))
            raise BaseNotMade(self.name, complaint)


def _step(line: str) -> str:
    """Return what mmdebstrap begins to do, nothing where a line tells something else."""
    if line.startswith("I: running --customize-hook"):
        return "compiling the standard library"
    step = re.fullmatch(
        r"I: ((?:running apt|downloading|extracting|installing|cleaning|creating).*)\.\.\.", line
    )
    return step[1] if step else ""


def made_record(bootstrap: Bootstrap, store: Store, native: Callable[[], Image] | None) -> Record:
    """Make a base and return its record; a foreign one is completed from this machine's, ``native``."""
    # Files without a name: nothing of them stays behind a process that is killed.
    with tempfile.TemporaryFile(dir=store.root / "tmp") as output:
        if native is None:
            bootstrap.run(native_options(bootstrap.suite), output)
            return _packed(trimmed(tree_of(output)), bootstrap, store)
        twin = native()
        bootstrap.run([*foreign.OPTIONS, *merged_usr(bootstrap.suite)], output)
        with foreign.completed(tree_of(output), twin, store) as tree:
            return _packed(trimmed(tree), bootstrap, store)


def native_options(suite: str) -> list[str]:
    """Return the options for a tree whose programs run here: packages are installed, bytecode is made."""
    return ["--variant=essential", *merged_usr(suite), f"--customize-hook={customize_hook()}"]


def merged_usr(suite: str) -> list[str]:
    """Return the options that give ``suite`` its links from /bin to /usr/bin before anything is unpacked."""
    hooks = Path("/usr/share/mmdebstrap/hooks/merged-usr")
    # Since trixie the package base-files brings them.
    return [f"--hook-dir={hooks}"] if suite == "bookworm" else []


def _packed(tree: Tree, bootstrap: Bootstrap, store: Store) -> Record:
    facts = facts_of(tree, bootstrap.suite)
    bootstrap.emit(progress("base", f"Debian {bootstrap.name}: packing Python {facts.python}"))
    with store.writer() as writer:
        encoder = PlainEncoder(writer)
        write_tree(tree, encoder)
        diff_id, unpacked_size = encoder.finish()
        digest = writer.commit()
    return {
        "architecture": bootstrap.architecture,
        "config": config_of(facts, bootstrap.kind),
        "created_by": f"Debian {facts.release} ({bootstrap.suite}) with Python {facts.python}",
        "diff_id": str(diff_id),
        "digest": str(digest),
        "size": writer.size,
        "unpacked_size": unpacked_size,
    }
