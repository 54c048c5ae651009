"""An environment of this machine that holds exactly the packages of a lock."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import unquote

from ..dependencies.engine import cleaned_environment
from ..digest import Digest
from ..errors.running import EnvironmentFailed, PythonUnsuitable
from ..events import Emit, decision, progress
from ..lock import Lock
from ..package_index import PackageIndex
from ..store import Store, touch

VERSION = "import sys; print('%d.%d.%d %s' % (*sys.version_info[:3], sys.executable))"


def environment_for(lock: Lock, store: Store, python: str, emit: Emit) -> Path:
    """Return a virtual environment with the artifacts of ``lock``, made where the store has none yet.

    ``python`` is the interpreter to use, of the version that was locked for; every artifact is in ``store``.
    """
    if lock.kind != "wheels":
        raise EnvironmentFailed("at its start", f"a lock of kind {lock.kind!r} needs an image")
    version = _version(Path(python), lock.python)
    place = store.root / "environments" / _key(lock, version).hex
    if place.is_dir():
        touch(place)
        emit(decision("setup", "Reusing the environment: the lock has not changed"))
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=place.parent, ignore_cleanup_errors=True) as work:
        try:
            made = _make(lock, store, python, Path(work), emit)
        except EnvironmentFailed:
            _prove(lock, store)
            raise
        try:
            made.rename(place)
        except OSError:  # another process was faster
            if not place.is_dir():
                raise
    return place


def _version(python: Path, wanted: str) -> str:
    """Return version and path of the interpreter, which make an environment its own."""
    try:
        told = subprocess.run([python, "-I", "-c", VERSION], capture_output=True, text=True, check=False)
    except OSError as error:
        raise PythonUnsuitable(python, "", wanted) from error
    found = told.stdout.strip()
    if not found.startswith(f"{wanted}."):
        raise PythonUnsuitable(python, found.partition(" ")[0], wanted)
    return found


def _key(lock: Lock, version: str) -> Digest:
    files = sorted(f"{artifact.sha256} {artifact.filename}" for artifact in lock.artifacts)
    return Digest.of("\n".join((version, *files)).encode())


def _make(lock: Lock, store: Store, python: str, work: Path, emit: Emit) -> Path:
    count = f"{len(lock.artifacts)} package{'s' * (len(lock.artifacts) != 1)}"
    emit(progress("setup", f"Installing {count} into an environment to serve in"))
    made, wanted = work / "environment", work / "requirements.txt"
    wanted.write_text("".join(_lines(lock, store, work)))
    # --relocatable: it is moved to its place when it is complete.
    _uv(["venv", "--relocatable", "--no-python-downloads", "--python", python, str(made)], work)
    # --require-hashes: uv proves the stored bytes. Compiled now, since serving writes no bytecode.
    options = ["--no-deps", "--offline", "--no-index", "--require-hashes", "--compile-bytecode"]
    _uv(
        ["pip", "install", "--python", str(made / "bin/python"), *options, "--requirement", str(wanted)], work
    )
    return made


def _prove(lock: Lock, store: Store) -> None:
    """Read every artifact to its end: BlobCorrupt, and gone, where one is the cause."""
    for artifact in lock.artifacts:
        with store.blob(artifact.sha256).open() as blob:
            while blob.read(1 << 20):
                continue


def _lines(lock: Lock, store: Store, work: Path) -> list[str]:
    wheels = work / "wheels"
    wheels.mkdir()
    lines = []
    for artifact in lock.artifacts:
        # The name of a wheel says what it is; a blob's does not.
        wheel = wheels / unquote(artifact.filename)
        wheel.symlink_to(store.blob(artifact.sha256).path.absolute())
        lines.append(f"{artifact.name} @ {wheel.as_uri()} --hash={artifact.sha256}\n")
    return lines


def _uv(arguments: list[str], work: Path) -> None:
    import uv

    # A cache of its own, on the same disk: what is installed are hard links to it, so it can go at once.
    cache = ("--cache-dir", str(work / "cache"))
    environment = cleaned_environment(PackageIndex(), work)
    done = subprocess.run(
        [uv.find_uv_bin(), "--no-config", "--quiet", *arguments, *cache],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = " ".join(done.stderr.split()) or f"uv ended with status {done.returncode}"
        raise EnvironmentFailed(f"in uv {arguments[0]}", reason.rstrip("."))
    shutil.rmtree(work / "cache", ignore_errors=True)
