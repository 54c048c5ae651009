"""From an environment of conda to exact packages, and to the wheels beside them."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from seldon_builder.dependencies.detecting import detected
from seldon_builder.dependencies.resolution import lock_for
from seldon_builder.dependencies.resolver import Resolver
from seldon_builder.errors.conda import EnvironmentInvalid, PythonOutOfRange
from seldon_builder.errors.resolution import PackageNotFound, ResolutionConflict, VersionNotFound
from seldon_builder.events import Event
from seldon_builder.inputs.python_version import narrowed
from seldon_builder.layers.sbom import sbom_of
from seldon_builder.lock import CONDA, WHEEL, Lock
from seldon_builder.package_index import PackageIndex
from seldon_builder.settings import Settings
from seldon_builder.source import Source
from seldon_builder.store import Store
from seldon_builder.target import Target
from seldon_plugins import conda

from .conda_packages import index_channel, python_distribution, write_package, write_python
from .test_conda_environment import settings_of
from .test_resolution import hooks, source_of
from .wheelhouse import Index, make_wheel, serve

TRIXIE = Target("amd64", "3.13.5", "2.41")
RUNTIME = ("numpy>=1.26", "served")


def make_channel(channel: Path) -> None:
    for subdir in ("linux-64", "linux-aarch64"):
        for version in ("3.9.1", "3.12.7", "3.12.9", "3.13.1", "3.14.0"):
            write_python(channel, version, subdir)
        write_package(
            channel,
            "numpy",
            "2.1.0",
            subdir=subdir,
            depends=["python >=3.12,<3.13.0a0", "__glibc >=2.17"],
            files={
                "lib/python3.12/site-packages/numpy/__init__.py": b"",
                "lib/python3.12/site-packages/numpy-2.1.0.dist-info/METADATA": b"Name: numpy\n",
            },
        )
    python_packages = (
        ("six", "1.16.0", ()),
        ("six", "1.17.0", ()),
        ("py-torch", "2.0", ()),
        ("wants-six", "1.0", ("six <1.17",)),
        ("wants-glibc", "1.0", ("__glibc >=2.99",)),
        ("wants-cuda", "1.0", ("__cuda >=12",)),
    )
    for name, version, depends in python_packages:
        files = python_distribution(name.removeprefix("py-").replace("-", "_"), version)
        noarch = [*depends, "python >=3.8"]
        write_package(channel, name, version, noarch="python", depends=noarch, files=files)
    write_package(
        channel, "tiny-tool", "1.0", noarch="generic", files={"share/tool": b"x"}, ending=".tar.bz2"
    )


@pytest.fixture(scope="session")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("channel")
    make_channel(folder)
    index_channel(folder)
    return folder


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    wheels = tmp_path_factory.mktemp("index")
    for version in ("1.26.0", "2.1.0", "2.3.0"):
        make_wheel(wheels, "numpy", version)
    make_wheel(wheels, "served", "1.0", requires=("small>=1",))
    make_wheel(wheels, "small", "1.0")
    make_wheel(wheels, "small", "2.0")
    make_wheel(wheels, "needs-six", "1.0", requires=("six>=1.16",))
    make_wheel(wheels, "needs-numpy", "1.0", requires=("numpy>=2.2",))
    make_wheel(wheels, "torch", "2.5")
    make_wheel(wheels, "only-312", "1.0", requires_python=">=3.12,<3.13")
    with serve(wheels) as server:
        yield server


@dataclass
class Desk:
    """One source and what it takes to lock it."""

    folder: Path
    channel: Path
    index: PackageIndex
    events: list[Event] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return Store(self.folder / "store")

    @property
    def root(self) -> Path:
        return self.folder / "model"

    def source(self, files: Mapping[str, str]) -> Source:
        return source_of(self.root, **files)

    def settings(self, **more: str) -> Settings:
        return settings_of(SELDON_CHANNEL_ALIASES=f"tests={self.channel}", **more)

    def lock(
        self,
        target: Target = TRIXIE,
        *,
        python: str = "",
        relocked: bool = False,
        upgrade: tuple[str, ...] = (),
        settings: Settings | None = None,
        more: Mapping[str, str] | None = None,
        **files: str,
    ) -> Lock:
        self.events.clear()
        source, settings = self.source({**files, **(more or {})}), settings or self.settings()
        found = detected(hooks(conda), source, settings, self.events.append)
        assert found is not None
        found = narrowed(found, source, settings, python)
        resolver = Resolver(target, self.index, "uv", hooks(conda), self.store, self.events.append)
        return lock_for(
            source,
            found,
            resolver,
            runtime_requirements=RUNTIME,
            exported=not relocked,
            upgrade=upgrade,
        )

    def environment(self, text: str, target: Target = TRIXIE, *, python: str = "") -> Lock:
        text = f"channels: [tests]\ndependencies:\n{text}"
        return self.lock(target, python=python, environment__yml=text)

    @property
    def said(self) -> str:
        return "\n".join(event.message for event in self.events)


@pytest.fixture
def desk(tmp_path: Path, channel: Path, index: Index) -> Desk:
    return Desk(tmp_path, channel, PackageIndex(index_url=index.simple))


def pins(lock: Lock, kind: str = CONDA) -> list[str]:
    return sorted(f"{item.name}={item.version}" for item in lock.artifacts if item.kind == kind)


def test_conda_is_solved_first_and_only_what_is_missing_is_added(desk: Desk) -> None:
    lock = desk.environment("- python=3.12\n- numpy\n")
    assert (pins(lock), pins(lock, WHEEL)) == (
        ["numpy=2.1.0", "python=3.12.9"],
        ["served=1.0", "small=2.0"],
    )


def test_the_lock_says_who_made_it_and_for_what(desk: Desk) -> None:
    lock = desk.environment("- python=3.12\n- numpy\nvariables: {GREETING: hello}\n")
    own = lock.own_python
    assert own is not None
    assert (lock.kind, lock.python, lock.platform) == ("conda", "3.12", "linux/amd64")
    assert lock.engine.startswith("py-rattler ")
    assert ", uv " in lock.engine
    assert (lock.roots, lock.variables) == (("numpy", "python"), (("GREETING", "hello"),))


def test_every_package_is_in_the_store_with_its_size(desk: Desk) -> None:
    lock = desk.environment("- python=3.12\n- tiny-tool\n")
    assert all(item.size and desk.store.has(item.sha256, item.size) for item in lock.artifacts)


def test_another_architecture_is_solved_here(desk: Desk) -> None:
    lock = desk.environment("- python=3.12\n- numpy\n", replace(TRIXIE, architecture="arm64"))
    urls = [item.url for item in lock.artifacts if item.kind == CONDA]
    assert all("/linux-aarch64/" in url for url in urls)
    assert lock.platform == "linux/arm64"


def test_an_environment_that_names_no_python_gets_the_base_s(desk: Desk) -> None:
    lock = desk.environment("- six\n")
    assert pins(lock) == ["python=3.13.1", "six=1.17.0"]
    assert "environment.yml names no version of Python: taking 3.13" in desk.said


def test_an_open_python_stays_within_what_images_run(desk: Desk) -> None:
    assert "python=3.13.1" in pins(desk.environment("- python>=3.10\n- six\n"))


def test_an_option_chooses_the_python(desk: Desk) -> None:
    assert "python=3.12.9" in pins(desk.environment("- python>=3.10\n- six\n", python="3.12"))


def test_wheels_are_chosen_for_the_python_of_conda(desk: Desk) -> None:
    lock = desk.environment("- python=3.12\n- pip:\n  - only-312\n")
    assert "only-312=1.0" in pins(lock, WHEEL)


def test_what_conda_brings_satisfies_pip_lines_and_what_they_need(desk: Desk) -> None:
    lock = desk.environment("- python=3.12\n- numpy\n- six=1.16\n- pip:\n  - needs-six\n  - six\n")
    assert "six=1.16.0" in pins(lock)
    assert pins(lock, WHEEL) == ["needs-six=1.0", "served=1.0", "small=2.0"]


def test_distributions_are_known_by_what_packages_hold_not_by_their_names(desk: Desk) -> None:
    lock = desk.environment("- python=3.12\n- numpy\n- py-torch\n- pip:\n  - torch\n")
    assert "torch=2.5" not in pins(lock, WHEEL)


def test_the_bill_of_materials_tells_the_licence_of_a_conda_package(desk: Desk) -> None:
    lock = desk.environment("- python=3.12\n- numpy\n")

    bill = json.loads(sbom_of(lock, desk.store, "", ()))

    component = next(
        item for item in bill["components"] if item.get("purl", "").startswith("pkg:conda/numpy")
    )
    assert component["licenses"] == [{"license": {"id": "MIT"}}]


def test_a_pip_line_that_contradicts_conda_is_told_with_both_sides(desk: Desk) -> None:
    with pytest.raises(ResolutionConflict) as caught:
        desk.environment("- python=3.12\n- six=1.16\n- pip:\n  - six>=1.17\n")
    assert caught.value.sides == ("six>=1.17  (environment.yml:6)", "six==1.16.0  (conda's packages)")


def test_so_is_what_a_wheel_needs(desk: Desk) -> None:
    with pytest.raises(ResolutionConflict) as caught:
        desk.environment("- python=3.12\n- numpy\n- pip:\n  - needs-numpy\n")
    assert caught.value.sides == (
        "needs-numpy  (environment.yml:6)",
        "numpy==2.1.0  (conda's packages)",
    )


def test_the_server_changes_nothing_of_what_pip_lines_lead_to(desk: Desk) -> None:
    assert "small=1.0" in pins(desk.environment("- python=3.12\n- numpy\n- pip:\n  - small<2\n"), WHEEL)


def test_local_wheels_come_before_the_index(desk: Desk, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "small", "1.5")
    desk.index = replace(desk.index, wheel_folders=(str(tmp_path / "wheels"),))
    assert "small=1.5" in pins(desk.environment("- python=3.12\n- numpy\n"), WHEEL)


def test_the_same_lock_is_not_made_twice(desk: Desk) -> None:
    first = desk.environment("- python=3.12\n- numpy\n")
    assert desk.environment("- python=3.12\n- numpy\n") == first
    assert "Reusing the lock" in desk.said


def test_other_variables_make_another_lock(desk: Desk) -> None:
    first = desk.environment("- python=3.12\n- numpy\n")
    second = desk.environment("- python=3.12\n- numpy\nvariables: {A: b}\n")
    assert (second.variables, second.artifacts) == ((("A", "b"),), first.artifacts)


def test_an_unknown_package_is_named_with_its_line(desk: Desk) -> None:
    with pytest.raises(PackageNotFound) as caught:
        desk.environment("- python=3.12\n- nothere\n")
    assert caught.value.names == ("nothere",)
    assert "nothere  (environment.yml:4)" in caught.value.message
    assert "whether one of the channels has it: tests" in (caught.value.hint or "")


def test_an_unknown_version_is_named_with_the_newest(desk: Desk) -> None:
    with pytest.raises(VersionNotFound) as caught:
        desk.environment("- python=3.12\n- six>=2\n")
    assert (caught.value.wanted, caught.value.newest) == ("six>=2", "1.17.0")
    assert "add the channel that has it; there are: tests" in (caught.value.hint or "")


def test_specs_that_exclude_each_other_are_named_with_what_the_solver_says(desk: Desk) -> None:
    with pytest.raises(ResolutionConflict) as caught:
        desk.environment("- python=3.12\n- six=1.17\n- wants-six\n")
    assert {side.partition("  ")[0] for side in caught.value.sides} == {"six=1.17", "wants-six"}
    assert "six <1.17" in caught.value.explanation


def test_the_c_library_of_the_image_counts(desk: Desk) -> None:
    with pytest.raises(ResolutionConflict, match="__glibc"):
        desk.environment("- python=3.12\n- wants-glibc\n")


def test_a_virtual_package_may_be_set_as_in_conda(desk: Desk) -> None:
    settings = desk.settings(CONDA_OVERRIDE_CUDA="12.4")
    lock = desk.lock(
        settings=settings, environment__yml="channels: [tests]\ndependencies: [python=3.12, wants-cuda]\n"
    )
    assert "wants-cuda=1.0" in pins(lock)


def test_a_virtual_package_of_nonsense_is_named(desk: Desk) -> None:
    settings = desk.settings(CONDA_OVERRIDE_CUDA="!!")
    with pytest.raises(EnvironmentInvalid, match="__cuda"):
        desk.lock(settings=settings, environment__yml="channels: [tests]\ndependencies: [python=3.12]\n")


def test_a_python_of_the_channel_alone_that_no_image_runs_is_an_error(desk: Desk) -> None:
    with pytest.raises(PythonOutOfRange):
        desk.environment("- python=3.9\n")


def test_the_first_channel_that_has_a_package_is_the_only_one(desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_package(other, "six", "9.0", noarch="python", files=python_distribution("six", "9.0"))
    index_channel(other)
    settings = settings_of(SELDON_CHANNEL_ALIASES=f"tests={desk.channel} other={other}")
    text = "channels: [{}]\ndependencies: [python=3.12, {}]\n"
    first = desk.lock(settings=settings, environment__yml=text.format("tests, other", "six"))
    second = desk.lock(settings=settings, environment__yml=text.format("other, tests", "six"))
    named = desk.lock(settings=settings, environment__yml=text.format("tests", "other::six"))
    assert [pins(lock)[1] for lock in (first, second, named)] == ["six=1.17.0", "six=9.0", "six=9.0"]


def test_modules_of_conda_s_packages_are_not_missed(desk: Desk) -> None:
    text = "channels: [tests]\ndependencies: [python=3.12, numpy, py-torch]\n"
    desk.lock(environment__yml=text, Model__py="import torch\nimport unheard_of\n")
    assert "imports torch" not in desk.said
    assert "Model.py:2 imports unheard_of" in desk.said


def test_thirty_packages_are_locked_within_two_seconds(desk: Desk, tmp_path: Path) -> None:
    large = tmp_path / "large"
    for number in range(30):
        name, depends = f"part{number}", [f"part{number - 1}"] if number else []
        files = python_distribution(name, "1.0", {f"{name}/m{i}.py": f"x = {i}\n" * 200 for i in range(20)})
        write_package(large, name, "1.0", noarch="python", depends=["python", *depends], files=files)
    write_python(large, "3.12.7")
    index_channel(large)
    settings = settings_of(SELDON_CHANNEL_ALIASES=f"tests={large}")
    began = time.monotonic()
    lock = desk.lock(
        settings=settings, environment__yml="channels: [tests]\ndependencies: [python=3.12, part29]\n"
    )
    assert len(pins(lock)) == 31
    assert time.monotonic() - began < 2
