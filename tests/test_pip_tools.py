from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest
from seldon_builder.detection import Detection, Requirement
from seldon_builder.errors.base import InterpreterFailed
from seldon_builder.errors.resolution import (
    EngineFailed,
    PackageWithoutWheel,
    ResolutionConflict,
    VersionNotFound,
)
from seldon_builder.events import Emit, Event, EventKind, silent
from seldon_builder.interpreter import SHARED, Interpreter
from seldon_builder.lock import Lock
from seldon_builder.package_index import PackageIndex
from seldon_builder.store import Store
from seldon_builder.target import MACHINES, Target
from seldon_plugins.engines import pip_tools, uv

from .wheelhouse import Index, make_wheel, serve

HERE = {machine: name for name, machine in MACHINES.items()}[os.uname().machine]
GLIBC = platform.libc_ver()[1]
MOUNT = f'mount -t tmpfs none /mnt && mkdir -p {SHARED} && mount --bind "$0" {SHARED} && exec "$@"'


@dataclass(frozen=True)
class HostInterpreter:
    """This machine's own Python without the tests' environment; it sees the shared folder at its place."""

    version: str = platform.python_version()
    identity: str = "this machine"

    def run(
        self,
        arguments: Sequence[str],
        *,
        stdin: BinaryIO,  # noqa: ARG002
        stdout: BinaryIO,  # noqa: ARG002
        environment: Mapping[str, str],
        shared: Path | None = None,
    ) -> None:
        python = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
        enter = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", MOUNT, str(shared)]
        done = subprocess.run([*enter, python, *arguments], env=environment, capture_output=True, check=False)
        if done.returncode:
            raise InterpreterFailed(python, done.stderr.decode())


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    wheels = tmp_path / "index"
    make_wheel(wheels, "alpha", "1.0", requires=("beta>=1",))
    make_wheel(wheels, "alpha", "2.0", requires=("beta>=2",))
    make_wheel(wheels, "beta", "1.0")
    make_wheel(wheels, "beta", "2.0")
    make_wheel(wheels, "winonly", "1.0", tag="py3-none-win_amd64")
    with serve(wheels, credential="me:s3cr3t") as server:
        yield server


def lock(
    tmp_path: Path,
    index: Index,
    *lines: str,
    architecture: str = HERE,
    interpreter: Interpreter | None = HostInterpreter(),
    engine: str = "pip-tools",
    emit: Emit = silent,
) -> Lock | None:
    from seldon_builder.dependencies.url_credentials import split_credentials

    url, credential = split_credentials(index.simple.replace("://", "://me:s3cr3t@"))
    assert credential is not None
    given = PackageIndex(index_url=url, credentials=(credential,))
    requirements = tuple(Requirement(line, f"requirements.txt:{n}") for n, line in enumerate(lines, 1))
    detection = Detection("requirements", ("requirements.txt",), "", requirements)
    target = Target(architecture, platform.python_version(), GLIBC)
    store = Store(tmp_path / "store")
    if engine == "uv":
        return uv.seldon_lock(detection, target, given, engine, store, emit)
    return pip_tools.seldon_lock(detection, target, given, engine, store, emit, interpreter)


def test_both_engines_lock_the_same_artifacts(tmp_path: Path, index: Index) -> None:
    by_pip, by_uv = lock(tmp_path, index, "alpha"), lock(tmp_path, index, "alpha", engine="uv")
    assert by_pip is not None
    assert by_uv is not None
    assert by_pip.artifacts == by_uv.artifacts
    assert by_pip.engine.startswith("pip-tools ")


def test_a_local_wheel_keeps_its_place(tmp_path: Path, index: Index) -> None:
    wheel = make_wheel(tmp_path / "wheels", "local", "3.0", requires=("beta<2",))
    found = lock(tmp_path, index, f"local @ {wheel.as_uri()}")
    assert found is not None
    assert [artifact.url for artifact in found.artifacts][1] == wheel.as_uri()


def test_nothing_of_a_run_stays_but_pips_cache(tmp_path: Path, index: Index) -> None:
    lock(tmp_path, index, "alpha")
    assert not list((tmp_path / "store" / "pip-tools").glob("run-*"))


def test_wheels_of_other_platforms_are_not_fetched_for_their_hashes(tmp_path: Path, index: Index) -> None:
    make_wheel(tmp_path / "index", "beta", "2.0", tag="cp313-cp313-win_amd64")
    lock(tmp_path, index, "beta")
    assert "/files/beta-2.0-py3-none-any.whl" in index.downloads
    assert not [path for path in index.downloads if "win_amd64" in path]


def test_uv_only_finds_the_wheels_of_what_pip_compile_chose(tmp_path: Path, index: Index) -> None:
    events: list[Event] = []
    lock(tmp_path, index, "alpha", emit=events.append)
    said = [event.message for event in events if event.kind is EventKind.PROGRESS]
    assert [message.partition(" under")[0] for message in said] == [
        "Resolving with pip-compile",
        "Finding the wheels with uv",
    ]


def test_a_foreign_target_is_refused_with_the_way_out(tmp_path: Path, index: Index) -> None:
    other = next(name for name in MACHINES if name != HERE)
    with pytest.raises(EngineFailed, match="use uv"):
        lock(tmp_path, index, "alpha", architecture=other)


def test_without_an_interpreter_it_says_so(tmp_path: Path, index: Index) -> None:
    with pytest.raises(EngineFailed, match="no interpreter"):
        lock(tmp_path, index, "alpha", interpreter=None)


def test_a_conflict_names_both_sides(tmp_path: Path, index: Index) -> None:
    with pytest.raises(ResolutionConflict) as caught:
        lock(tmp_path, index, "alpha>=2", "beta<2")
    assert caught.value.sides == ("alpha>=2  (requirements.txt:1)", "beta<2  (requirements.txt:2)")


def test_a_version_that_is_not_there_shows_the_newest(tmp_path: Path, index: Index) -> None:
    with pytest.raises(VersionNotFound) as caught:
        lock(tmp_path, index, "alpha==9")
    assert caught.value.newest == "2.0"


def test_a_package_that_has_another_name_is_called_by_it(tmp_path: Path, index: Index) -> None:
    with pytest.raises(PackageWithoutWheel, match="the package is called scikit-learn"):
        lock(tmp_path, index, "sklearn>=1")


def test_a_package_without_a_fitting_wheel_is_named(tmp_path: Path, index: Index) -> None:
    with pytest.raises(PackageWithoutWheel, match=r"requirements.txt:1.*winonly"):
        lock(tmp_path, index, "winonly")
