"""Wheels that are built of the model folder: what a lock knows of them, and what it does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from seldon_builder.dependencies.lock_cache import inputs_of
from seldon_builder.dependencies.resolution import export, lock_for
from seldon_builder.dependencies.resolver import Ask, Resolver
from seldon_builder.detection import Detection, Requirement
from seldon_builder.digest import Digest
from seldon_builder.errors.projects import GroupUnknown
from seldon_builder.errors.resolution import LockOutdated, PackageWithoutWheel, RequirementsInvalid
from seldon_builder.events import silent
from seldon_builder.inputs.source_reading import read_source
from seldon_builder.lock import PROJECT, Lock
from seldon_builder.package_index import PackageIndex
from seldon_builder.plugins import load_plugins
from seldon_builder.store import Store
from seldon_builder.target import Target

from .wheelhouse import Index, make_wheel, serve, sha256

TARGET = Target("amd64", "3.13.5", "2.41")


@dataclass
class Builder:
    """Writes a wheel with the folder's code in it, as a build backend would."""

    out: Path
    requires: tuple[str, ...] = ("alpha",)
    version: str = "1.0"
    extras: tuple[str, ...] = ()
    built: list[str] = field(default_factory=list)

    def build(self, requirement: Requirement) -> Path:
        self.built.append(requirement.build)
        place = Path(requirement.build)
        code = (place / "churn.py").read_bytes() if place.is_dir() else place.read_bytes()
        return make_wheel(
            self.out / str(len(self.built)),
            "churn",
            self.version,
            requires=self.requires,
            files={"churn.py": code},
            headers=tuple(f"Provides-Extra: {extra}" for extra in self.extras),
        )

    def build_archive(self, name: str, version: str, url: str, sha256: Digest) -> Path:
        raise NotImplementedError

    def locked(
        self, detection: Detection, index: PackageIndex, lacking: PackageWithoutWheel, ask: Ask
    ) -> Lock:
        raise NotImplementedError


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    for name in ("alpha", "beta", "numpy"):
        make_wheel(tmp_path / "index", name)
    with serve(tmp_path / "index") as server:
        yield server


class Desk:
    """A model with a package, a builder of it, and an index."""

    def __init__(self, folder: Path, index: Index) -> None:
        self.root, self.builder, self.index = folder / "model", Builder(folder / "built"), index
        self.root.mkdir(parents=True)
        (self.root / "churn.py").write_text("A = 1\n")
        self.store = Store(folder / "store")

    def resolver(self) -> Resolver:
        here = PackageIndex(index_url=self.index.simple)
        resolver = Resolver(TARGET, here, "uv", load_plugins().hook, self.store, silent)
        return replace(resolver, builder=self.builder)

    def lock(self, line: str = "churn", place: str = "", *, exported: bool = True) -> Lock:
        asked = Requirement(line, "pyproject.toml", build=str(self.root / place))
        detection = Detection("project", ("pyproject.toml",), "", (asked,))
        return lock_for(
            read_source(self.root, silent),
            detection,
            self.resolver(),
            runtime_requirements=("numpy",),
            exported=exported,
        )

    def write(self, lock: Lock) -> str:
        text = export(lock, read_source(self.root, silent), self.store)
        (self.root / "pylock.toml").write_text(text)
        return text


@pytest.fixture
def desk(tmp_path: Path, index: Index) -> Desk:
    return Desk(tmp_path / "one", index)


def test_the_project_and_what_it_needs_are_locked(desk: Desk) -> None:
    lock = desk.lock()

    found = {artifact.name: artifact.kind for artifact in lock.artifacts}
    assert found == {"alpha": "wheel", "numpy": "wheel", "churn": PROJECT}


def test_an_edit_of_the_code_keeps_the_lock_and_changes_the_wheel(desk: Desk) -> None:
    first = desk.lock()
    (desk.root / "churn.py").write_text("A = 2\n")
    asked = len(desk.index.requests)
    second = desk.lock()

    assert second.inputs == first.inputs
    assert len(desk.index.requests) == asked
    changed = [new.name for new in second.artifacts if new not in first.artifacts]
    assert changed == ["churn"]
    wheel = second.find("churn")
    assert wheel is not None
    assert wheel.sha256.hex == sha256(desk.builder.out / "2" / "churn-1.0-py3-none-any.whl")
    assert desk.store.has(wheel.sha256, wheel.size)


def test_a_version_that_changes_with_every_commit_keeps_the_lock(desk: Desk) -> None:
    first = desk.lock()
    desk.builder.version = "1.0.dev7"
    second = desk.lock()

    assert second.inputs == first.inputs
    assert [item.version for item in second.artifacts if item.kind == PROJECT] == ["1.0.dev7"]


def test_another_dependency_makes_another_lock(desk: Desk) -> None:
    first = desk.lock()
    desk.builder.requires = ("beta",)
    second = desk.lock()

    assert second.find("beta") is not None
    assert second.inputs != first.inputs


def test_an_exported_lock_names_the_folder_and_neither_version_nor_bytes(desk: Desk) -> None:
    text = desk.write(desk.lock())

    assert 'name = "churn"\ndirectory = { path = "." }\n' in text
    assert str(desk.root.parent) not in text


def test_an_exported_lock_holds_after_an_edit_and_on_another_machine(
    desk: Desk, tmp_path: Path, index: Index
) -> None:
    text = desk.write(desk.lock())
    other = Desk(tmp_path / "two", index)
    (other.root / "churn.py").write_text("A = 3\n")
    (other.root / "pylock.toml").write_text(text)

    lock = other.lock()

    wheel = lock.find("churn")
    assert wheel is not None
    assert wheel.sha256.hex == sha256(other.builder.out / "1" / "churn-1.0-py3-none-any.whl")
    assert other.write(other.lock(exported=False)) == text


def test_an_exported_lock_is_outdated_by_another_dependency(desk: Desk) -> None:
    desk.write(desk.lock())
    desk.builder.requires = ("alpha", "beta")

    with pytest.raises(LockOutdated, match=r"added: +project churn needs beta"):
        desk.lock()


def test_an_archive_of_the_source_is_locked_by_its_place_and_hash(desk: Desk) -> None:
    archive = desk.root / "churn-1.0.tar.gz"
    archive.write_bytes(b"an archive")

    text = desk.write(desk.lock("./churn-1.0.tar.gz", archive.name))

    place = f'archive = {{ path = "churn-1.0.tar.gz", hashes = {{ sha256 = "{sha256(archive)}" }} }}'
    assert place in text
    assert desk.lock("./churn-1.0.tar.gz", archive.name).find("churn") is not None


def test_what_is_built_must_have_the_name_that_was_asked_for(desk: Desk) -> None:
    with pytest.raises(RequirementsInvalid, match="is named churn"):
        desk.lock("other @ file:.")


def test_a_marker_decides_whether_anything_is_built(desk: Desk) -> None:
    lock = desk.lock('. ; python_version < "3"')

    assert [artifact.name for artifact in lock.artifacts] == ["numpy"]
    assert desk.builder.built == []


def test_the_extras_that_are_asked_for_are_part_of_the_lock(desk: Desk) -> None:
    desk.builder.requires = ("alpha", "beta ; extra == 'more'")
    desk.builder.extras = ("more",)
    asked = Requirement("churn", "pyproject.toml", build=str(desk.root), extras=("more",))
    resolver = replace(desk.resolver(), root=desk.root)
    plain, more = (
        resolver.prepared(Detection("project", (), "", (item,)))
        for item in (replace(asked, extras=()), asked)
    )

    facts = [
        set(inputs_of(one, TARGET, PackageIndex(), "uv", desk.store, desk.root).facts)
        for one in (plain, more)
    ]

    assert facts[1] - facts[0] == {"project churn[more]"}
    assert {item.name for item in resolver.ask_engine(more).artifacts} == {"alpha", "beta", "churn"}


def test_an_extra_that_the_wheel_lacks_is_told_with_those_it_has(desk: Desk) -> None:
    desk.builder.extras = ("more", "Other_One")
    asked = Requirement("churn", "setup.py", build=str(desk.root), extras=("less",))

    with pytest.raises(GroupUnknown, match="extra less: there is more, other-one"):
        desk.resolver().prepared(Detection("project", (), "", (asked,)))
