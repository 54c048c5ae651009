"""Conflicts say which line to change, and what it must then allow: found by trying, in bounded time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pluggy
import pytest
from seldon_builder import hookspecs
from seldon_builder.dependencies import conflict_fixes
from seldon_builder.dependencies.conflict_fixes import with_fixes
from seldon_builder.dependencies.resolution import lock_for
from seldon_builder.dependencies.resolver import Resolver, is_own
from seldon_builder.detection import Detection, Requirement
from seldon_builder.digest import Digest
from seldon_builder.errors.resolution import EngineFailed, HashMismatch, ResolutionConflict
from seldon_builder.events import silent
from seldon_builder.inputs.source_reading import read_source
from seldon_builder.lock import Lock
from seldon_builder.package_index import PackageIndex
from seldon_builder.store import Store
from seldon_builder.target import Target
from seldon_plugins.engines import uv

from .wheelhouse import Index, make_wheel, serve, sha256

FILE = "requirements.txt"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    wheels = tmp_path / "index"
    for version in ("1.0", "2.0"):
        make_wheel(wheels, "alpha", version, requires=(f"beta=={version}",))
        make_wheel(wheels, "beta", version)
        make_wheel(wheels, "gamma", version, requires=(f"beta=={version}",))
        make_wheel(wheels, "numpy", version)
    make_wheel(wheels, "ancient", "1.0", requires=("numpy<2",))
    with serve(wheels) as server:
        yield server


def conflict(tmp_path: Path, index: Index, *lines: str, runtime: tuple[str, ...] = ()) -> ResolutionConflict:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(uv)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "Model.py").write_text("")
    source = read_source(tmp_path / "model", silent)
    asked = tuple(Requirement(line, f"{FILE}:{number}") for number, line in enumerate(lines, 1))
    target, store = Target("amd64", "3.13.5", "2.41"), Store(tmp_path / "store")
    resolver = Resolver(target, PackageIndex(index.simple), "uv", manager.hook, store, silent)
    with pytest.raises(ResolutionConflict) as caught:
        lock_for(source, Detection("none", (FILE,), "", asked), resolver, runtime_requirements=runtime)
    return caught.value


def test_each_line_whose_change_is_enough_is_named_with_its_version(tmp_path: Path, index: Index) -> None:
    error = conflict(tmp_path, index, "alpha>=2", "beta<2")

    assert error.sides == (f"alpha>=2  ({FILE}:1)", f"beta<2  ({FILE}:2)")
    assert error.hint.split("; or ") == [
        f"change 'alpha>=2' ({FILE}:1) so that it allows alpha 1.0",
        f"change 'beta<2' ({FILE}:2) so that it allows beta 2.0",
    ]


def test_one_line_is_preferred_to_two(tmp_path: Path, index: Index) -> None:
    error = conflict(tmp_path, index, "alpha==2.0", "gamma==1.0", "beta")

    assert error.fixes == (
        f"change 'alpha==2.0' ({FILE}:1) so that it allows alpha 1.0",
        f"change 'gamma==1.0' ({FILE}:2) so that it allows gamma 2.0",
    )


def test_the_runtimes_lines_are_nobodys_to_change(tmp_path: Path, index: Index) -> None:
    error = conflict(tmp_path, index, "numpy<2", runtime=("numpy>=2",))

    assert error.fixes == (f"change 'numpy<2' ({FILE}:1) so that it allows numpy 2.0",)


def test_lines_without_versions_cannot_be_loosened(tmp_path: Path, index: Index) -> None:
    error = conflict(tmp_path, index, "ancient", runtime=("numpy>=2",))

    assert error.fixes == ()
    assert "loosen" in error.hint


def sided(*lines: str) -> tuple[ResolutionConflict, Detection]:
    asked = tuple(Requirement(line, f"{FILE}:{number}") for number, line in enumerate(lines, 1))
    error = ResolutionConflict([f"{item.line}  ({item.origin})" for item in asked], "because")
    return error, Detection("none", (FILE,), "", asked)


def test_two_lines_are_tried_after_each_alone_and_few_in_all() -> None:
    error, detection = sided(*(f"p{number}==1" for number in range(9)))
    asked: list[int] = []

    def ask(detection: Detection) -> Lock:
        asked.append(sum("==" not in item.line for item in detection.requirements))
        raise EngineFailed("uv", "no")

    assert with_fixes(error, detection, ask, is_own) is error
    assert asked == [1] * conflict_fixes.MOST_TRIES


def test_two_lines_that_help_together_are_told_together(tmp_path: Path) -> None:
    error, detection = sided("a==1", "b==1", "c @ https://example.com/c-1-py3-none-any.whl")

    def ask(detection: Detection) -> Lock:
        if [item.line for item in detection.requirements][:2] != ["a", "b"]:
            raise EngineFailed("uv", "no")
        return Lock("wheels", "uv", "3.13", "linux/amd64", Digest("0" * 64), ())

    found = with_fixes(error, detection, ask, is_own)
    assert found.fixes == (
        f"change 'a==1' ({FILE}:1) so that it asks for no version and "
        f"change 'b==1' ({FILE}:2) so that it asks for no version",
    )


def test_no_more_is_tried_when_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    error, detection = sided("a==1", "b==1")
    monkeypatch.setattr(conflict_fixes, "SECONDS", -1.0)

    def ask(detection: Detection) -> Lock:
        raise AssertionError("it was asked")

    assert with_fixes(error, detection, ask, is_own) is error


def test_a_hash_mismatch_names_the_line_and_both_hashes(tmp_path: Path, index: Index) -> None:
    wrong = f"sha256:{'0' * 64}"
    asked = Requirement("beta==2.0", f"{FILE}:7", (wrong,))
    target, store = Target("amd64", "3.13.5", "2.41"), Store(tmp_path / "store")
    detection = Detection("none", (FILE,), "", (asked,))
    with pytest.raises(HashMismatch) as caught:
        uv.seldon_lock(detection, target, PackageIndex(index.simple), "uv", store, silent)

    right = sha256(index.folder / "beta-2.0-py3-none-any.whl")
    assert f"{FILE}:7" in caught.value.message
    assert wrong in caught.value.message
    assert right in caught.value.message
