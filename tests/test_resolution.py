from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pluggy
import pytest
from seldon_builder import hookspecs
from seldon_builder.dependencies.detecting import detected
from seldon_builder.dependencies.resolution import export, lock_for
from seldon_builder.dependencies.resolver import Resolver
from seldon_builder.destination import Output
from seldon_builder.detection import Detection
from seldon_builder.digest import Digest
from seldon_builder.errors.resolution import (
    EngineFailed,
    HashMismatch,
    IndexUnreachable,
    LockOutdated,
    OfflineMissing,
    ResolutionConflict,
)
from seldon_builder.events import Event, EventKind
from seldon_builder.lock import Lock
from seldon_builder.order import Asked, Order
from seldon_builder.package_index import PackageIndex
from seldon_builder.reference import Reference
from seldon_builder.settings import Settings
from seldon_builder.source import Source, SourceFile
from seldon_builder.store import Store
from seldon_builder.target import Target
from seldon_plugins import requirements
from seldon_plugins.engines import pip_tools, uv

from .wheelhouse import Index, make_wheel, serve, sha256

TRIXIE = Target("amd64", "3.13.5", "2.41")


def source_of(root: Path, **files: str) -> Source:
    root.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = root / name.replace("__", ".")
        path.write_text(text)
    listed = (
        SourceFile(PurePosixPath(path.relative_to(root).as_posix()), 0o644, path.stat().st_size)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    )
    return Source(root, tuple(listed))


def hooks(*others: object) -> pluggy.HookRelay:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for plugin in (uv, pip_tools, requirements, *others):
        manager.register(plugin)
    return manager.hook


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    wheels = tmp_path / "index"
    make_wheel(wheels, "alpha", "1.0", requires=("beta>=1",))
    make_wheel(wheels, "alpha", "2.0", requires=("beta>=2",))
    make_wheel(wheels, "beta", "1.0")
    make_wheel(wheels, "beta", "2.0")
    make_wheel(wheels, "numpy", "2.1.0", files={"numpy/core.py": b"x = 1\n" * 5000})
    make_wheel(wheels, "redis", "6.0")
    make_wheel(wheels, "scikit-learn", "1.5", files={"sklearn/__init__.py": b""})
    with serve(wheels) as server:
        yield server


class Desk:
    """One source, one store and everything that is said about them."""

    def __init__(self, folder: Path, index: Index) -> None:
        self.folder, self.index = folder, index
        self.store = Store(folder / "store")
        self.root = folder / "model"
        self.events: list[Event] = []

    def lock(
        self,
        target: Target = TRIXIE,
        *,
        exported: bool = True,
        lock_command: str = "seldon-python lock",
        **files: str,
    ) -> Lock:
        self.events.clear()
        source = source_of(self.root, **files)
        return lock_for(
            source,
            self.detection(source),
            Resolver(
                target,
                replace(PackageIndex(index_url=self.index.simple), offline=self.offline),
                self.engine,
                hooks(*self.plugins),
                self.store,
                self.events.append,
                lock_command=lock_command,
            ),
            runtime_requirements=("numpy>=1.26",),
            exported=exported,
        )

    offline = False
    engine = "uv"
    plugins: tuple[object, ...] = ()

    def detection(self, source: Source) -> Detection | None:
        return detected(hooks(*self.plugins), source, Settings(), self.events.append)

    def said(self, kind: EventKind) -> str:
        return "\n".join(event.message for event in self.events if event.kind is kind)


@pytest.fixture
def desk(tmp_path: Path, index: Index) -> Desk:
    return Desk(tmp_path, index)


def pins(lock: Lock) -> list[str]:
    return sorted(f"{artifact.name}=={artifact.version}" for artifact in lock.artifacts)


def test_a_model_and_the_runtime_are_locked_together(desk: Desk) -> None:
    lock = desk.lock(requirements__txt="alpha<2\n")
    assert pins(lock) == ["alpha==1.0", "beta==2.0", "numpy==2.1.0"]


def test_a_source_without_dependency_files_still_gets_numpy(desk: Desk) -> None:
    assert pins(desk.lock(Model__py="import numpy\n")) == ["numpy==2.1.0"]


def test_every_wheel_of_a_lock_is_in_the_store_with_its_size(desk: Desk) -> None:
    lock = desk.lock(requirements__txt="alpha\n")
    assert all(desk.store.has(item.sha256, item.size) and item.size for item in lock.artifacts)


def test_the_roots_are_what_the_source_itself_asks_for(desk: Desk) -> None:
    assert desk.lock(requirements__txt="Alpha\n").roots == ("alpha",)


def test_a_second_build_asks_nothing_of_the_index(desk: Desk) -> None:
    first = desk.lock(requirements__txt="alpha\n")
    desk.index.requests.clear()
    assert desk.lock() == first
    assert not desk.index.requests
    assert "Reusing the lock" in desk.said(EventKind.DECISION)


def test_a_warm_store_builds_with_the_index_gone(tmp_path: Path) -> None:
    make_wheel(tmp_path / "index", "numpy", "2.0")
    with serve(tmp_path / "index") as index:
        desk = Desk(tmp_path, index)
        first = desk.lock(requirements__txt="numpy\n")
    desk.offline = True
    assert desk.lock() == first


def test_offline_with_a_cold_store_names_what_is_missing(desk: Desk) -> None:
    desk.offline = True
    with pytest.raises(OfflineMissing) as caught:
        desk.lock(requirements__txt="alpha\n")
    assert "alpha" in caught.value.missing


def test_what_older_images_carried_is_added_when_the_code_imports_it(desk: Desk) -> None:
    lock = desk.lock(Model__py="import redis\n")
    assert "redis==6.0" in pins(lock)
    assert "Adding redis: Model.py:1 imports redis" in desk.said(EventKind.DECISION)


def test_what_was_added_is_told_once(desk: Desk) -> None:
    desk.lock(Model__py="import redis\n")
    assert "redis==6.0" in pins(desk.lock())
    assert "Adding" not in desk.said(EventKind.DECISION)


def test_what_older_images_carried_stays_out_when_nothing_imports_it(desk: Desk) -> None:
    assert "redis==6.0" not in pins(desk.lock(Model__py="import numpy\n"))


def test_a_version_that_the_user_chose_is_not_added_again(desk: Desk) -> None:
    lock = desk.lock(Model__py="import redis\n", requirements__txt="redis\n")
    assert "Adding" not in desk.said(EventKind.DECISION)
    assert lock.roots == ("redis",)


def test_imports_that_nothing_provides_are_told_in_the_order_of_the_files(desk: Desk) -> None:
    desk.lock(Model__py="import zeta\nimport alef\n", Another__py="import omega\n")
    told = [line.partition(" ")[0] for line in desk.said(EventKind.WARNING).splitlines()]
    assert told == ["Another.py:1", "Model.py:1", "Model.py:2"]


def test_an_import_that_nothing_provides_is_told_with_the_way_out(desk: Desk) -> None:
    desk.lock(Model__py="import sklearn\n")
    assert "Model.py:1 imports sklearn, which no requirement provides: add scikit-learn" in desk.said(
        EventKind.WARNING
    )


def test_what_of_seldon_core_needs_protobuf_brings_it(desk: Desk, tmp_path: Path) -> None:
    make_wheel(tmp_path / "index", "protobuf", "3.20.3")
    lock = desk.lock(Model__py="from seldon_core.proto import prediction_pb2\n")
    assert "protobuf==3.20.3" in pins(lock)
    assert "Adding protobuf: Model.py:1 imports seldon_core.proto" in desk.said(EventKind.DECISION)


def test_what_the_runtime_lacks_of_seldon_core_is_told(desk: Desk) -> None:
    desk.lock(Model__py="from seldon_core.user_model import X\nfrom seldon_core.seldon_client import Y\n")
    told = "Model.py:2 imports seldon_core.seldon_client, which no requirement provides: add seldon-core"
    assert desk.said(EventKind.WARNING) == told


def test_an_error_blueprint_of_older_wrappers_brings_flask_and_says_why(desk: Desk, tmp_path: Path) -> None:
    make_wheel(tmp_path / "index", "flask", "3.0")
    lock = desk.lock(Model__py="import seldon_core\nfrom flask import Blueprint, jsonify\n")
    assert "flask==3.0" in pins(lock)
    assert "Adding flask: Model.py:2 imports flask" in desk.said(EventKind.DECISION)


def test_an_import_under_another_name_is_found_in_its_wheel(desk: Desk, tmp_path: Path) -> None:
    make_wheel(tmp_path / "index", "odd-name", files={"even/__init__.py": b""})
    desk.lock(Model__py="import even\n", requirements__txt="odd-name\n")
    assert not desk.said(EventKind.WARNING)


def test_a_file_that_is_not_python_is_a_warning(desk: Desk) -> None:
    desk.lock(Model__py="def (\n")
    assert "Model.py" in desk.said(EventKind.WARNING)


def test_the_server_changes_no_version_deep_in_what_the_model_asks_for(desk: Desk, tmp_path: Path) -> None:
    wheels = tmp_path / "index"
    make_wheel(wheels, "numpy", "1.26.4")
    make_wheel(wheels, "top", "1.0", requires=("middle",))
    make_wheel(wheels, "middle", "2.0", requires=("numpy<2",))
    # What a resolver falls back to that takes the newest numpy first, since the server asks for numpy too.
    make_wheel(wheels, "middle", "1.0", requires=("numpy",))

    assert pins(desk.lock(requirements__txt="top\n")) == ["middle==2.0", "numpy==1.26.4", "top==1.0"]
    assert not desk.said(EventKind.WARNING)


def test_where_the_server_cannot_live_beside_a_version_another_is_taken_and_told(
    desk: Desk, tmp_path: Path
) -> None:
    wheels = tmp_path / "index"
    make_wheel(wheels, "numpy", "1.0")
    make_wheel(wheels, "old", "2.0", requires=("numpy<1.26",))
    make_wheel(wheels, "old", "1.0", requires=("numpy",))

    assert pins(desk.lock(requirements__txt="old\n")) == ["numpy==2.1.0", "old==1.0"]
    told = desk.said(EventKind.WARNING).splitlines()
    assert [line.partition(":")[0] for line in told] == [
        "numpy is 2.1.0 instead of 1.0",
        "old is 1.0 instead of 2.0",
    ]


def test_a_conflict_of_runtime_and_model_names_both(desk: Desk, tmp_path: Path) -> None:
    make_wheel(tmp_path / "index", "numpy", "1.0")
    with pytest.raises(ResolutionConflict) as caught:
        desk.lock(requirements__txt="\nnumpy<1.26\n")
    assert caught.value.sides == ("numpy<1.26  (requirements.txt:2)", "numpy>=1.26  (the runtime)")


def test_an_exported_lock_is_used_as_it_stands(desk: Desk, tmp_path: Path) -> None:
    first = desk.lock(requirements__txt="alpha<2\n", Model__py="import redis\n")
    source = source_of(desk.root)
    (desk.root / "pylock.toml").write_text(export(first, source, desk.store))
    make_wheel(tmp_path / "index", "beta", "3.0")
    other = Desk(tmp_path / "elsewhere", desk.index)
    other.root = desk.root
    assert other.lock() == first
    assert "Using pylock.toml" in other.said(EventKind.DECISION)


def test_an_exported_lock_that_no_longer_matches_says_what_changed(desk: Desk) -> None:
    lock = desk.lock(requirements__txt="alpha<2\nbeta\n")
    (desk.root / "pylock.toml").write_text(export(lock, source_of(desk.root), desk.store))
    with pytest.raises(LockOutdated) as caught:
        desk.lock(requirements__txt="alpha\nbeta\n")
    assert caught.value.changes == ("added:   requirement alpha", "removed: requirement alpha<2")


def test_an_outdated_lock_shows_the_command_that_makes_it_anew(desk: Desk) -> None:
    order = Order(desk.root, Output("docker", Reference("model")), python="3.11", architecture="arm64")
    with pytest.raises(LockOutdated) as caught:
        desk.lock(pylock__toml="lock-version = ", lock_command=order.lock_command("amd64"))
    command = f"seldon-python lock {desk.root} --python 3.11 --platform linux/arm64"
    assert f"make it anew with `{command}`" in caught.value.hint


def test_the_command_that_locks_names_only_what_is_no_default(tmp_path: Path) -> None:
    asked = Asked(runtimes=("rest", "grpc"))
    order = Order(tmp_path / "my model", Output("docker", Reference("model")), asked, engine="pip-tools")
    command = f"seldon-python lock '{tmp_path}/my model' --engine pip-tools --runtime rest,grpc"
    assert order.lock_command("amd64") == command


def test_the_command_that_locks_repeats_names_and_no_urls(tmp_path: Path) -> None:
    flags = (
        ("SELDON_GROUPS", "serve web", "--group"),
        ("SELDON_INDEX_PINS", "a=https://u:p@x", "--index-pin"),
    )
    order = Order(tmp_path, Output("docker", Reference("model")), Asked(flags=flags))

    assert order.lock_command("amd64") == f"seldon-python lock {tmp_path} --group serve --group web"


def test_an_exported_lock_does_not_mind_the_order_of_the_lines(desk: Desk) -> None:
    lock = desk.lock(requirements__txt="alpha\nbeta\n")
    (desk.root / "pylock.toml").write_text(export(lock, source_of(desk.root), desk.store))
    assert desk.lock(requirements__txt="# sorted\nbeta\nalpha\n") == lock


def test_an_exported_lock_for_another_platform_is_outdated(desk: Desk) -> None:
    lock = desk.lock(requirements__txt="alpha\n")
    (desk.root / "pylock.toml").write_text(export(lock, source_of(desk.root), desk.store))
    with pytest.raises(LockOutdated, match="platform linux/arm64"):
        desk.lock(Target("arm64", "3.13.5", "2.41"))


@pytest.mark.parametrize(
    "target", [Target("amd64", "3.13.11", "2.41"), Target("amd64", "3.13.5", "2.42")], ids=["python", "glibc"]
)
def test_an_exported_lock_outlives_updates_of_the_base(desk: Desk, target: Target) -> None:
    lock = desk.lock(requirements__txt="alpha<2\n")
    (desk.root / "pylock.toml").write_text(export(lock, source_of(desk.root), desk.store))
    assert desk.lock(target) == lock


def test_an_exported_lock_for_a_newer_c_library_is_outdated(desk: Desk) -> None:
    lock = desk.lock(requirements__txt="alpha<2\n")
    (desk.root / "pylock.toml").write_text(export(lock, source_of(desk.root), desk.store))
    with pytest.raises(LockOutdated) as caught:
        desk.lock(Target("amd64", "3.13.5", "2.36"))
    assert caught.value.changes == ("added:   glibc 2.36", "removed: glibc 2.41")


def test_locking_anew_looks_past_an_outdated_lock(desk: Desk) -> None:
    lock = desk.lock(requirements__txt="alpha<2\n")
    (desk.root / "pylock.toml").write_text(export(lock, source_of(desk.root), desk.store))
    anew = desk.lock(requirements__txt="alpha>=2\n", exported=False)
    assert "alpha==2.0" in pins(anew)


@pytest.mark.parametrize("text", ["lock-version = ", "[tool.seldon-python]\nengine = 3\n"])
def test_a_broken_exported_lock_is_outdated(desk: Desk, text: str) -> None:
    with pytest.raises(LockOutdated):
        desk.lock(pylock__toml=text)


def test_the_lock_of_another_tool_is_not_taken_for_ours(desk: Desk) -> None:
    lock = desk.lock(pylock__toml='lock-version = "1.0"\ncreated-by = "uv"\npackages = []\n')
    assert pins(lock) == ["numpy==2.1.0"]


def test_an_engine_that_nobody_has_is_an_error(desk: Desk) -> None:
    desk.engine = "guess"
    with pytest.raises(EngineFailed, match="guess"):
        desk.lock()


class Conda:
    """A resolver whose lines only its own engine can read."""

    @hookspecs.hookimpl
    def seldon_detect(self) -> Detection:
        return Detection("environment", ("environment.yml",), "it is there", locker="conda")


class CondaEngine:
    @hookspecs.hookimpl
    def seldon_lock(self, target: Target, engine: str) -> Lock | None:
        if engine != "conda":
            return None
        return Lock("conda", "conda 1", target.python, target.platform, Digest.of(b""), ())


def test_what_a_plugin_locks_goes_to_no_other_engine(desk: Desk) -> None:
    desk.plugins = (Conda(), CondaEngine())
    assert desk.lock().engine == "conda 1"


def test_a_locker_that_nobody_has_is_named(desk: Desk) -> None:
    desk.plugins = (Conda(),)
    with pytest.raises(EngineFailed, match=r"conda.*'environment' wants it, and no plugin answers"):
        desk.lock()


def test_files_that_are_not_used_are_told(desk: Desk) -> None:
    desk.plugins = (Conda(), CondaEngine())
    desk.lock(requirements__txt="alpha\n")
    assert "environment: it is there" in desk.said(EventKind.DECISION)
    assert "Not using requirements.txt: the resolver environment comes before requirements" in desk.said(
        EventKind.DECISION
    )


def test_hashes_choose_among_the_wheels(desk: Desk, tmp_path: Path) -> None:
    wheels = tmp_path / "index"
    make_wheel(wheels, "beta", "2.0", tag="cp313-cp313-manylinux_2_28_x86_64")
    plain = sha256(wheels / "beta-2.0-py3-none-any.whl")
    lock = desk.lock(requirements__txt=f"beta==2.0 --hash=sha256:{plain}\n")
    assert str(lock.find("beta").sha256) == f"sha256:{plain}"  # type: ignore[union-attr]


def test_a_hash_that_no_wheel_has_is_an_error(desk: Desk) -> None:
    with pytest.raises(HashMismatch, match=r"requirements.txt:1.*beta"):
        desk.lock(requirements__txt=f"beta==2.0 --hash=sha256:{'0' * 64}\n")


def test_hashed_requirements_must_name_all_that_comes_in(desk: Desk, tmp_path: Path) -> None:
    digest = sha256(tmp_path / "index" / "alpha-2.0-py3-none-any.whl")
    with pytest.raises(HashMismatch) as caught:
        desk.lock(requirements__txt=f"alpha==2.0 --hash=sha256:{digest}\n")
    assert [line.line for line in caught.value.lines] == ["beta==2.0"]


def test_a_local_wheel_is_known_by_its_content(desk: Desk) -> None:
    make_wheel(desk.root / "wheels", "local", "3.0", requires=("beta<2",))
    first = desk.lock(requirements__txt="./wheels/local-3.0-py3-none-any.whl\n")
    make_wheel(desk.root / "wheels", "local", "3.0", requires=("beta",))
    assert pins(first)[0] == "beta==1.0"
    assert pins(desk.lock())[0] == "beta==2.0"


def test_an_exported_lock_names_local_wheels_by_relative_paths(desk: Desk) -> None:
    make_wheel(desk.root / "wheels", "local", "3.0")
    lock = desk.lock(requirements__txt="./wheels/local-3.0-py3-none-any.whl\n")
    text = export(lock, source_of(desk.root), desk.store)
    assert 'path = "wheels/local-3.0-py3-none-any.whl"' in text
    assert str(desk.root) not in text


def test_the_password_of_an_index_is_used_and_never_kept(tmp_path: Path) -> None:
    make_wheel(tmp_path / "private", "alpha", "7.0")
    make_wheel(tmp_path / "index", "numpy", "2.0")
    with (
        serve(tmp_path / "index") as index,
        serve(tmp_path / "private", credential="me:s3cr3t") as private,
    ):
        desk = Desk(tmp_path, index)
        url = private.simple.replace("://", "://me:s3cr3t@")
        lock = desk.lock(requirements__txt=f"--extra-index-url {url}\nalpha\n")
        text = export(lock, source_of(desk.root), desk.store)
    kept = [path.read_bytes() for path in desk.store.root.rglob("*") if path.is_file()]
    assert "alpha==7.0" in pins(lock)
    assert "s3cr3t" not in text + desk.said(EventKind.PROGRESS)
    assert not [content for content in kept if b"s3cr3t" in content]


def test_an_index_that_is_gone_is_named_without_its_password(tmp_path: Path) -> None:
    with serve(tmp_path / "index") as index:
        pass
    desk = Desk(tmp_path, index)
    url = index.simple.replace("://", "://me:s3cr3t@")
    with pytest.raises(IndexUnreachable) as caught:
        desk.lock(requirements__txt=f"--index-url {url}\nalpha\n")
    assert index.url in caught.value.url
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.network
@pytest.mark.parametrize(
    ("target", "tag"),
    [
        (Target("arm64", "3.11.2", "2.36"), "cp311-cp311-manylinux"),
        (Target("amd64", "3.13.5", "2.41"), "cp313-cp313-manylinux"),
    ],
)
def test_a_real_model_locks_for_its_target(tmp_path: Path, target: Target, tag: str) -> None:
    source = source_of(tmp_path / "model", requirements__txt="scikit-learn\n")
    claim = requirements.seldon_detect(source)
    assert claim is not None
    detection = requirements.seldon_read(claim, source, Settings())
    assert detection is not None
    lock = uv.seldon_lock(detection, target, PackageIndex(), "uv", Store(tmp_path / "store"), lambda _: None)
    assert lock is not None
    found = lock.find("scikit-learn")
    assert found is not None
    assert tag in found.filename
    assert target.machine in found.filename


@pytest.mark.parametrize(("engine", "other"), [("uv", "pip-tools"), ("pip-tools", "uv")])
def test_an_engine_that_fails_is_never_proposed_again(engine: str, other: str) -> None:
    assert EngineFailed(engine, "it gave up.").hint == f"try `--engine {other}`"
