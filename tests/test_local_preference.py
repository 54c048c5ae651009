"""Local wheels come before any index, with both engines, and are let go only where they must."""

from __future__ import annotations

import os
import platform
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from seldon_builder.dependencies.resolver import RUNTIME, Ask, Resolver, WheelBuilder
from seldon_builder.detection import Detection, Requirement
from seldon_builder.digest import Digest
from seldon_builder.errors.indexes import LocalWheelUnfit
from seldon_builder.errors.resolution import (
    PackageNotFound,
    PackageWithoutWheel,
    ResolutionConflict,
    VersionNotFound,
)
from seldon_builder.events import Event, EventKind
from seldon_builder.lock import Lock
from seldon_builder.package_index import IndexPin, PackageIndex
from seldon_builder.store import Store
from seldon_builder.target import Target

from .test_pip_tools import GLIBC, HERE, HostInterpreter
from .test_resolution import hooks
from .wheelhouse import Index, make_sdist, make_wheel, serve, sha256

TARGET = Target(HERE, platform.python_version(), GLIBC)
MINOR = "cp" + "".join(platform.python_version_tuple()[:2])


@dataclass
class Desk:
    """One folder of local wheels, one index and everything that is said."""

    folder: Path
    index: Index
    engine: str = "uv"
    given: PackageIndex = field(default_factory=PackageIndex)
    builder: WheelBuilder | None = None
    events: list[Event] = field(default_factory=list)

    @property
    def whl(self) -> Path:
        return self.folder / "whl"

    def lock(self, *lines: str | Requirement, constraints: tuple[str, ...] = (), **options: object) -> Lock:
        self.index.requests.clear()
        self.whl.mkdir(exist_ok=True)
        requirements = tuple(
            Requirement(line, f"requirements.txt:{at}") if isinstance(line, str) else line
            for at, line in enumerate(lines, 1)
        )
        limits = tuple(Requirement(line, "constraints.txt:1") for line in constraints)
        detection = Detection("requirements", (), "", requirements, limits, **options)  # type: ignore[arg-type]
        known = PackageIndex(index_url=self.index.simple, wheel_folders=(str(self.whl),))
        resolver = Resolver(
            TARGET,
            self.given.merged(known),
            self.engine,
            hooks(),
            Store(self.folder / "store"),
            self.events.append,
            HostInterpreter(),
            builder=self.builder,
        )
        return resolver.resolve(detection, resolver.alone(detection))

    def said(self, kind: EventKind) -> str:
        return "\n".join(event.message for event in self.events if event.kind is kind)

    @property
    def asked(self) -> set[str]:
        return {path.split("/")[2] for _, path in self.index.requests if path.startswith("/simple/")}

    @property
    def runs(self) -> int:
        return sum("Resolving with" in event.message for event in self.events)


def pins(lock: Lock) -> list[str]:
    return sorted(f"{artifact.name}=={artifact.version}" for artifact in lock.artifacts)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with serve(tmp_path / "index") as index:
        yield Desk(tmp_path, index)


@pytest.fixture(params=["uv", "pip-tools"])
def either(desk: Desk, request: pytest.FixtureRequest) -> Desk:
    desk.engine = request.param
    return desk


def test_a_local_wheel_wins_over_a_newer_one_outside(desk: Desk) -> None:
    make_wheel(desk.index.folder, "alpha", "2.0")
    wheel = make_wheel(desk.whl, "alpha", "1.0")
    (found,) = desk.lock("alpha").artifacts
    assert (found.version, found.url, found.sha256.hex) == ("1.0", wheel.as_uri(), sha256(wheel))
    assert "alpha" not in desk.asked


def test_a_local_wheel_wins_for_what_others_need(either: Desk) -> None:
    make_wheel(either.index.folder, "gamma", "1.0", requires=("Al.Pha",))
    make_wheel(either.index.folder, "al-pha", "2.0")
    make_wheel(either.whl, "al-pha", "1.0", requires=("beta",))
    make_wheel(either.index.folder, "beta", "1.0")
    assert pins(either.lock("gamma")) == ["al-pha==1.0", "beta==1.0", "gamma==1.0"]


def test_the_needs_of_the_local_file_count_and_not_those_of_its_namesake(either: Desk) -> None:
    make_wheel(either.index.folder, "alpha", "1.0", requires=("nowhere",))
    wheel = make_wheel(either.whl, "alpha", "1.0")
    (found,) = either.lock("alpha").artifacts
    assert found.sha256.hex == sha256(wheel)


def test_the_newest_local_version_that_is_asked_for_is_taken(desk: Desk) -> None:
    make_wheel(desk.index.folder, "alpha", "1.9")
    for version in ("1.0", "1.5", "2.0", "1.10rc1"):
        make_wheel(desk.whl, "alpha", version)
    assert pins(desk.lock("alpha<2")) == ["alpha==1.5"]
    assert pins(desk.lock("alpha", constraints=("alpha!=2.0",))) == ["alpha==1.5"]


def test_what_the_user_asks_for_wins_over_local_wheels(desk: Desk) -> None:
    make_wheel(desk.index.folder, "alpha", "2.0")
    make_wheel(desk.whl, "alpha", "1.0")
    assert pins(desk.lock("alpha>=2")) == ["alpha==2.0"]
    assert "requirements.txt:1 asks for alpha>=2. Instead: alpha 2.0" in desk.said(EventKind.DECISION)


def test_a_conflict_makes_a_local_wheel_give_way_and_is_told(either: Desk) -> None:
    make_wheel(either.index.folder, "alpha", "2.0")
    make_wheel(either.index.folder, "gamma", "1.0", requires=("alpha>=2",))
    make_wheel(either.whl, "alpha", "1.0")
    assert pins(either.lock("gamma")) == ["alpha==2.0", "gamma==1.0"]
    told = either.said(EventKind.WARNING)
    assert "whl/alpha-1.0-py3-none-any.whl: " in told
    assert "gamma" in told or either.engine == "pip-tools"


def test_a_lower_local_version_is_tried_before_the_index(desk: Desk) -> None:
    make_wheel(desk.index.folder, "alpha", "1.5")
    make_wheel(desk.index.folder, "gamma", "1.0", requires=("alpha<2",))
    make_wheel(desk.whl, "alpha", "1.0")
    make_wheel(desk.whl, "alpha", "2.0")
    assert pins(desk.lock("gamma")) == ["alpha==1.0", "gamma==1.0"]


def test_an_older_version_outside_is_taken_before_a_local_wheel_is_given_up(desk: Desk) -> None:
    make_wheel(desk.index.folder, "alpha", "2.0")
    make_wheel(desk.index.folder, "gamma", "1.0", requires=("alpha",))
    make_wheel(desk.index.folder, "gamma", "2.0", requires=("alpha>=2",))
    make_wheel(desk.whl, "alpha", "1.0")
    assert pins(desk.lock("gamma")) == ["alpha==1.0", "gamma==1.0"]
    assert not desk.said(EventKind.WARNING)


class Workshop:
    """Builds nothing, and remembers what it was asked to build."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def build(self, requirement: Requirement) -> Path:
        raise AssertionError(requirement)

    def build_archive(self, name: str, version: str, url: str, sha256: Digest) -> Path:
        raise AssertionError((name, version, url, sha256))

    def locked(
        self,
        detection: Detection,
        index: PackageIndex,  # noqa: ARG002
        lacking: PackageWithoutWheel,
        ask: Ask,  # noqa: ARG002
    ) -> Lock:
        self.asked += [line.line for line in detection.constraints]
        raise lacking


def test_nothing_is_built_where_a_local_wheel_can_give_way_instead(desk: Desk) -> None:
    desk.builder = workshop = Workshop()
    make_wheel(desk.index.folder, "alpha", "2.0")
    make_wheel(desk.index.folder, "gamma", "2.0", requires=("alpha>=2",))
    make_sdist(desk.index.folder, "gamma", "1.0")
    make_wheel(desk.whl, "alpha", "1.0")
    assert pins(desk.lock("gamma")) == ["alpha==2.0", "gamma==2.0"]
    assert not workshop.asked


def test_what_must_be_built_is_built_with_the_local_wheels_in_place(desk: Desk) -> None:
    desk.builder = workshop = Workshop()
    make_sdist(desk.index.folder, "gamma", "1.0")
    make_wheel(desk.whl, "alpha", "1.0")
    with pytest.raises(PackageWithoutWheel):
        desk.lock("alpha", "gamma")
    assert "alpha @ file:" in workshop.asked[0]


def test_one_of_two_local_wheels_that_exclude_each_other_stays(desk: Desk) -> None:
    make_wheel(desk.index.folder, "alpha", "2.0")
    make_wheel(desk.whl, "alpha", "1.0")
    make_wheel(desk.whl, "beta", "1.0", requires=("alpha>=2",))
    assert pins(desk.lock("alpha", "beta")) == ["alpha==2.0", "beta==1.0"]
    assert "alpha-1.0" in desk.said(EventKind.WARNING)


def test_wheels_that_nobody_needs_cost_nothing_and_one_run_is_enough(desk: Desk) -> None:
    make_wheel(desk.index.folder, "alpha", "1.0")
    for at in range(30):
        make_wheel(desk.whl, f"unneeded{at}", "1.0", requires=("nowhere",))
    assert pins(desk.lock("alpha")) == ["alpha==1.0"]
    assert desk.runs == 2  # what the model asks for alone, then with the runtime
    assert not desk.said(EventKind.WARNING)


def test_without_an_index_the_folder_is_all_there_is(either: Desk) -> None:
    either.given = PackageIndex(offline=True)
    make_wheel(either.whl, "alpha", "1.0", requires=("beta",))
    make_wheel(either.whl, "beta", "1.0")
    assert pins(either.lock("alpha")) == ["alpha==1.0", "beta==1.0"]
    assert not either.index.requests


def test_a_wheel_for_another_platform_is_named_with_what_is_needed(desk: Desk) -> None:
    desk.given = PackageIndex(offline=True)
    make_wheel(desk.whl, "alpha", "1.0", tag="cp311-cp311-win_amd64")
    with pytest.raises(LocalWheelUnfit) as caught:
        desk.lock("alpha")
    assert caught.value.wheels == (
        ("whl/alpha-1.0-cp311-cp311-win_amd64.whl", "it is for cp311-cp311-win_amd64"),
    )
    assert f"Python {TARGET.python_version} on {TARGET.platform}" in caught.value.message


def test_a_wheel_for_another_python_is_named_where_no_index_has_it(desk: Desk) -> None:
    make_wheel(desk.whl, "alpha", "1.0", requires_python="<3.9")
    make_wheel(desk.index.folder, "gamma", "1.0", requires=("alpha",))
    with pytest.raises(LocalWheelUnfit, match=r"alpha-1\.0.*it is for Python <3\.9"):
        desk.lock("gamma")


def test_an_unfit_wheel_is_no_harm_where_an_index_has_one(desk: Desk) -> None:
    make_wheel(desk.whl, "alpha", "3.0", tag="cp311-cp311-win_amd64")
    make_wheel(desk.index.folder, "alpha", "1.0")
    assert pins(desk.lock("alpha")) == ["alpha==1.0"]
    assert "it is for cp311-cp311-win_amd64. Instead: alpha 1.0" in desk.said(EventKind.DECISION)


def test_an_unfit_wheel_that_has_a_fitting_neighbour_is_not_spoken_of(desk: Desk) -> None:
    make_wheel(desk.whl, "alpha", "1.0", tag="cp311-cp311-win_amd64")
    make_wheel(desk.whl, "alpha", "1.0", tag=f"{MINOR}-{MINOR}-linux_{TARGET.machine}")
    assert pins(desk.lock("alpha")) == ["alpha==1.0"]
    assert "win_amd64" not in desk.said(EventKind.DECISION)


def test_the_higher_build_and_the_better_tag_win(desk: Desk) -> None:
    make_wheel(desk.whl, "alpha", "1.0")
    second = make_wheel(desk.whl / "second", "alpha", "1.0")
    second.replace(desk.whl / "alpha-1.0-1-py3-none-any.whl")
    (found,) = desk.lock("alpha").artifacts
    assert found.filename == "alpha-1.0-1-py3-none-any.whl"


def test_a_local_version_has_a_plus_in_its_name(either: Desk) -> None:
    wheel = make_wheel(either.whl, "alpha", "1.0+cpu")
    (found,) = either.lock("alpha==1.0").artifacts
    assert (found.version, found.url) == ("1.0+cpu", wheel.as_uri())


def test_a_wheel_of_another_hash_than_asked_for_is_not_taken(desk: Desk) -> None:
    outside = make_wheel(desk.index.folder, "alpha", "1.0")
    make_wheel(desk.whl, "alpha", "1.0", files={"alpha.py": b"other"})
    line = Requirement("alpha==1.0", "requirements.txt:1", (f"sha256:{sha256(outside)}",))
    (found,) = desk.lock(line).artifacts
    assert found.sha256.hex == sha256(outside)
    assert "none of the hashes of requirements.txt:1" in desk.said(EventKind.DECISION)


def test_a_wheel_of_the_hash_that_is_asked_for_is_taken(desk: Desk) -> None:
    wheel = make_wheel(desk.whl, "alpha", "1.0")
    line = Requirement("alpha==1.0", "requirements.txt:1", (f"sha256:{sha256(wheel)}",))
    (found,) = desk.lock(line).artifacts
    assert found.url == wheel.as_uri()


def test_a_requirement_that_names_its_file_is_left_alone(desk: Desk) -> None:
    named = make_wheel(desk.folder / "elsewhere", "alpha", "2.0")
    make_wheel(desk.whl, "alpha", "3.0")
    (found,) = desk.lock(f"alpha @ {named.as_uri()}").artifacts
    assert found.url == named.as_uri()


def test_the_runtimes_own_needs_come_from_the_folder_too(desk: Desk) -> None:
    make_wheel(desk.index.folder, "alpha", "2.0")
    make_wheel(desk.whl, "alpha", "1.0")
    assert pins(desk.lock(Requirement("alpha", RUNTIME))) == ["alpha==1.0"]


def test_a_local_wheel_that_the_runtime_cannot_have_gives_way(desk: Desk) -> None:
    make_wheel(desk.index.folder, "alpha", "2.0")
    make_wheel(desk.whl, "alpha", "1.0")
    lock = desk.lock("alpha", Requirement("alpha>=2", RUNTIME))
    assert pins(lock) == ["alpha==2.0"]


def test_a_line_for_another_platform_holds_nobody_back(desk: Desk) -> None:
    make_wheel(desk.whl, "alpha", "1.0")
    assert pins(desk.lock("alpha", "alpha==2.0; sys_platform == 'win32'")) == ["alpha==1.0"]


def test_a_name_that_is_pinned_to_an_index_may_lie_in_the_folder(desk: Desk) -> None:
    desk.given = PackageIndex(pins=(IndexPin("alpha", desk.index.simple),))
    make_wheel(desk.index.folder, "alpha", "2.0")
    make_wheel(desk.whl, "alpha", "1.0")
    assert pins(desk.lock("alpha")) == ["alpha==1.0"]


def test_extras_of_a_local_wheel_are_looked_up(either: Desk) -> None:
    make_wheel(either.whl, "alpha", "1.0", requires=("beta; extra == 'more'\nProvides-Extra: more",))
    make_wheel(either.whl, "beta", "1.0")
    make_wheel(either.index.folder, "gamma", "1.0", requires=("alpha[more]",))
    assert pins(either.lock("gamma")) == ["alpha==1.0", "beta==1.0", "gamma==1.0"]


def test_what_is_missing_altogether_is_the_error_it_always_was(desk: Desk) -> None:
    make_wheel(desk.whl, "alpha", "1.0")
    with pytest.raises(PackageNotFound):
        desk.lock("alpha", "nowhere")


def test_lines_that_exclude_each_other_are_a_conflict_whatever_lies_there(desk: Desk) -> None:
    make_wheel(desk.whl, "alpha", "1.0")
    make_wheel(desk.index.folder, "alpha", "1.0")
    make_wheel(desk.index.folder, "gamma", "1.0", requires=("alpha<1",))
    with pytest.raises((ResolutionConflict, VersionNotFound)):
        desk.lock("alpha>=1", "gamma")


def test_source_archives_and_odd_names_are_told(desk: Desk) -> None:
    make_wheel(desk.whl, "alpha", "1.0")
    make_sdist(desk.whl, "beta", "1.0")
    (desk.whl / "model.whl").write_bytes(b"")
    (desk.whl / "README.md").write_text("wheels of ours")
    desk.lock("alpha")
    told = desk.said(EventKind.WARNING)
    assert "whl/beta-1.0.tar.gz is no wheel" in told
    assert "whl/model.whl: it is not named as wheels are" in told
    assert "README" not in told


def broken(path: Path, kind: str) -> None:
    if kind == "no zip":
        path.write_bytes(b"PK no zip")
    elif kind == "half":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif kind == "folder":
        path.unlink()
        path.mkdir()
    elif kind == "leads nowhere":
        path.unlink()
        path.symlink_to("nowhere")
    elif kind == "of another":
        make_wheel(path.parent / "other", "beta", "1.0").replace(path)
    elif kind == "harmful":
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("../../etc/passwd", b"x")
    elif kind == "no metadata":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("alpha-1.0.dist-info/WHEEL", b"x")


KINDS = ["no zip", "half", "folder", "leads nowhere", "of another", "harmful", "no metadata"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_wheel_is_named(desk: Desk, kind: str) -> None:
    broken(make_wheel(desk.whl, "alpha", "1.0"), kind)
    with pytest.raises(LocalWheelUnfit, match=r"whl/alpha-1\.0-py3-none-any\.whl: "):
        desk.lock("alpha")


def test_a_damaged_stub_is_made_anew(desk: Desk) -> None:
    make_wheel(desk.whl, "alpha", "1.0")
    first = desk.lock("alpha")
    for stub in (desk.folder / "store" / "local-wheels").rglob("*.whl"):
        stub.unlink()
    assert desk.lock("alpha") == first


def test_a_big_wheel_is_not_unpacked_to_be_resolved(desk: Desk) -> None:
    make_wheel(desk.whl, "alpha", "1.0", files={"alpha/big.bin": os.urandom(1 << 22)})
    desk.lock("alpha")
    kept = sum(path.stat().st_size for path in (desk.folder / "store" / "uv").rglob("*") if path.is_file())
    assert kept < 1 << 20
