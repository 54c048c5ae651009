"""Base images made from Debian packages: no container registry, no container engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..digest import Digest
from ..encoder import PlainEncoder
from ..errors.base import BaseNotMade, BootstrapMissing
from ..events import Emit, decision, progress
from ..image import EPOCH, Image
from ..layer import Layer, LayerKind
from ..rootfs import exclusive
from ..store import Record, Store
from ..target import MACHINES
from .labels import PATH, config_of, facts_of
from .tree import Tree, tree_of, write_tree
from .trim import trimmed

# Raise it whenever the bytes of a base would change for the same packages.
BASE_LAYOUT = "2"
PACKAGES: Mapping[str, tuple[str, ...]] = {
    # usr-is-merged spares bookworm the other way to a merged /usr, which needs all of Perl.
    "run": ("ca-certificates", "libgomp1", "libstdc++6", "python3", "tzdata", "usr-is-merged"),
}
_EXCLUDED = ("doc/*", "info/*", "locale/*", "man/*", "lintian/*", "bug/*")
_COMPLAINT_LINES = 12


def host_architecture() -> str:
    """Return OCI's name of the architecture that this machine's programs are made for."""
    machine = os.uname().machine
    return next((name for name, known in MACHINES.items() if known == machine), machine)


def debian_base(
    suite: str,
    architecture: str,
    store: Store,
    emit: Emit,
    *,
    kind: str = "run",
    mirror: str = "",
    force: bool = False,
    offline: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Image:
    """Return the image of ``suite`` ("trixie", "bookworm"), made at the first use and when ``force`` asks.

    Without ``mirror`` mmdebstrap uses Debian's own. ``environment`` may hold proxy variables.
    """
    key = Digest.of(json.dumps([suite, architecture, kind, BASE_LAYOUT]).encode())
    if not force and (kept := _kept(store, key)):
        return kept
    with exclusive(store.root / "rootfs" / f".base-{key.hex}.lock"):
        if not force and (kept := _kept(store, key)):
            return kept
        if offline:
            missing = "it is not in the store, and this build may not use the network"
            raise BaseNotMade(f"{suite}/{architecture}", missing)
        emit(
            decision("base", f"Making the base image of Debian {suite} for {architecture}: not in the store")
        )
        bootstrap = Bootstrap(suite, architecture, kind, mirror, environment or {}, emit)
        with _made_tree(bootstrap, store, force=force) as tree:
            return _packed(tree, bootstrap, store, key)


class Bootstrap:
    """One run of mmdebstrap: which packages of which suite, from where, and who listens."""

    def __init__(
        self,
        suite: str,
        architecture: str,
        kind: str,
        mirror: str,
        environment: Mapping[str, str],
        emit: Emit,
    ) -> None:
        self.suite, self.architecture, self.kind, self.mirror = suite, architecture, kind, mirror
        self.environment, self.emit = environment, emit
        self.name = f"{suite}/{architecture}"

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
        with subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE, env=variables) as process:
            self._listen(process)

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        last: deque[str] = deque(maxlen=_COMPLAINT_LINES)
        for raw in process.stderr:
            line = raw.decode(errors="replace").rstrip()
            last.append(line)
            if step := _step(line):
                self.emit(progress("base", f"Debian {self.name}: {step}"))
        if process.wait():
            raise BaseNotMade(self.name, "\n".join(line for line in last if line))


def _step(line: str) -> str:
    """Return what mmdebstrap begins to do, nothing where a line tells something else."""
    if line.startswith("I: running --customize-hook"):
        return "compiling the standard library"
    step = re.fullmatch(
        r"I: ((?:running apt|downloading|extracting|installing|cleaning|creating).*)\.\.\.", line
    )
    return step[1] if step else ""


@contextmanager
def _made_tree(bootstrap: Bootstrap, store: Store, *, force: bool) -> Iterator[Tree]:
    # Files without a name: nothing of them stays behind a process that is killed.
    with tempfile.TemporaryFile(dir=store.root / "tmp") as output:
        if bootstrap.architecture == host_architecture():
            bootstrap.run(native_options(bootstrap.suite), output)
            yield trimmed(tree_of(output))
            return
        from . import foreign

        native = debian_base(
            bootstrap.suite, host_architecture(), store, bootstrap.emit,
            kind=bootstrap.kind, mirror=bootstrap.mirror, force=force, environment=bootstrap.environment,
        )  # fmt: skip
        bootstrap.run(foreign.options(), output)
        with foreign.completed(tree_of(output), native, store) as tree:
            yield trimmed(tree)


def native_options(suite: str) -> list[str]:
    """Return the options for a tree whose programs run here: packages are installed, bytecode is made."""
    from .bytecode import customize_hook

    return ["--variant=essential", *merged_usr(suite), f"--customize-hook={customize_hook()}"]


def merged_usr(suite: str) -> list[str]:
    """Return the options that give ``suite`` its links from /bin to /usr/bin before anything is unpacked."""
    hooks = Path("/usr/share/mmdebstrap/hooks/merged-usr")
    # Since trixie the package base-files brings them.
    return [f"--hook-dir={hooks}"] if suite == "bookworm" else []


def _packed(tree: Tree, bootstrap: Bootstrap, store: Store, key: Digest) -> Image:
    facts = facts_of(tree, bootstrap.suite)
    bootstrap.emit(progress("base", f"Debian {bootstrap.name}: packing Python {facts.python}"))
    with store.writer() as writer:
        encoder = PlainEncoder(writer)
        write_tree(tree, encoder)
        diff_id, unpacked_size = encoder.finish()
        digest = writer.commit()
    record = {
        "architecture": bootstrap.architecture,
        "config": config_of(facts),
        "created_by": f"Debian {facts.release} ({bootstrap.suite}) with Python {facts.python}",
        "diff_id": str(diff_id),
        "digest": str(digest),
        "size": writer.size,
        "unpacked_size": unpacked_size,
    }
    store.keep("bases", key, record)
    return _image(record, store)


def _kept(store: Store, key: Digest) -> Image | None:
    record = store.record("bases", key)
    if record and store.has(Digest.parse(record["digest"]), record["size"]):
        return _image(record, store, reused=True)
    return None


def _image(record: Record, store: Store, *, reused: bool = False) -> Image:
    digest = Digest.parse(record["digest"])
    layer = Layer(
        digest,
        Digest.parse(record["diff_id"]),
        record["size"],
        record["unpacked_size"],
        LayerKind.BASE,
        record["created_by"],
        source=store.blob(digest),
        reused=reused,
    )
    return Image(record["architecture"], (layer,), record["config"])
