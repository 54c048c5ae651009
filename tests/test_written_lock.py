"""A lock file is honoured as it is written, and what the server needs is resolved around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pluggy
import pytest
from seldon_builder import hookspecs
from seldon_builder.dependencies import pylock
from seldon_builder.dependencies.detecting import detected
from seldon_builder.dependencies.resolution import lock_for
from seldon_builder.dependencies.resolver import Resolver
from seldon_builder.detection import Requirement
from seldon_builder.digest import Digest
from seldon_builder.errors.locks import LockUnreadable
from seldon_builder.errors.resolution import (
    ArtifactCorrupt,
    HashMismatch,
    LockOutdated,
    PackageWithoutWheel,
    ResolutionConflict,
)
from seldon_builder.events import Event, silent
from seldon_builder.inputs.source_reading import read_source
from seldon_builder.lock import Lock
from seldon_builder.package_index import PackageIndex
from seldon_builder.settings import Setting, Settings
from seldon_builder.store import Store
from seldon_builder.target import Target
from seldon_plugins.engines import pip_tools, uv
from seldon_plugins.lock_formats import pipfile_lock, poetry_lock, pylock_file

from tests.wheelhouse import Index, make_sdist, make_wheel, serve, sha256

TRIXIE, ARM = Target("amd64", "3.13.5", "2.41"), Target("arm64", "3.13.5", "2.41")
PLUGINS = (pip_tools, pipfile_lock, poetry_lock, pylock_file, uv)
HEAD = 'lock-version = "1.0"\ncreated-by = "a test"\n'


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    wheels = tmp_path / "index"
    make_wheel(wheels, "alpha", "1.0", requires=("beta>=1",))
    make_wheel(wheels, "alpha", "2.0", requires=("beta>=1",))
    make_wheel(wheels, "beta", "1.0")
    make_wheel(wheels, "beta", "2.0")
    make_wheel(wheels, "numpy", "1.26.0")
    make_wheel(wheels, "numpy", "2.1.0")
    make_wheel(wheels, "serving", "1.0", requires=("numpy>=2",))
    for machine in ("x86_64", "aarch64"):
        make_wheel(wheels, "native", tag=f"cp313-cp313-manylinux_2_17_{machine}")
    with serve(wheels) as server:
        yield server


class Desk:
    """One model folder and its store."""

    def __init__(self, folder: Path, index: Index) -> None:
        self.root, self.index = folder / "model", index
        self.root.mkdir()
        self.store = Store(folder / "store")
        self.events: list[Event] = []

    def wheel(self, filename: str) -> str:
        """Return the line of a pylock for a wheel of the index."""
        return (
            f'{{ url = "{self.index.url}/files/{filename}", hashes = {{ sha256 = "{self.sha(filename)}" }} }}'
        )

    def sha(self, filename: str) -> str:
        return sha256(self.index.folder / filename)

    def package(self, name: str, version: str, *filenames: str, more: str = "") -> str:
        wheels = ", ".join(map(self.wheel, filenames or (f"{name}-{version}-py3-none-any.whl",)))
        return f'[[packages]]\nname = "{name}"\nversion = "{version}"\n{more}wheels = [{wheels}]\n'

    def pylock(self, *packages: str, head: str = "") -> None:
        (self.root / "pylock.toml").write_text(HEAD + head + "".join(packages))

    def lock(
        self,
        target: Target = TRIXIE,
        runtime: Sequence[str] = ("serving",),
        settings: Settings | None = None,
    ) -> Lock:
        manager = pluggy.PluginManager(hookspecs.PROJECT)
        manager.add_hookspecs(hookspecs)
        for plugin in PLUGINS:
            manager.register(plugin)
        source = read_source(self.root, silent)
        detection = detected(manager.hook, source, settings or Settings(), self.events.append)
        known = PackageIndex(index_url=self.index.simple)
        resolver = Resolver(target, known, "uv", manager.hook, self.store, self.events.append)
        return lock_for(source, detection, resolver, runtime_requirements=runtime)


@pytest.fixture
def desk(tmp_path: Path, index: Index) -> Desk:
    return Desk(tmp_path, index)


def pins(lock: Lock) -> list[str]:
    return sorted(f"{item.name}=={item.version}" for item in lock.artifacts)


def test_the_files_of_a_lock_are_taken_and_only_the_server_s_needs_are_resolved(desk: Desk) -> None:
    desk.pylock(desk.package("alpha", "1.0"), desk.package("beta", "1.0"))

    lock = desk.lock()

    assert pins(lock) == ["alpha==1.0", "beta==1.0", "numpy==2.1.0", "serving==1.0"]
    alpha = lock.find("alpha")
    assert alpha is not None
    assert alpha.sha256 == Digest(desk.sha("alpha-1.0-py3-none-any.whl"))


def test_nothing_that_a_lock_leaves_out_comes_in_on_the_model_s_behalf(desk: Desk) -> None:
    desk.pylock(desk.package("alpha", "1.0"))

    assert pins(desk.lock()) == ["alpha==1.0", "numpy==2.1.0", "serving==1.0"]


def test_a_lock_that_has_all_of_what_the_server_needs_keeps_its_versions(desk: Desk) -> None:
    desk.pylock(desk.package("numpy", "1.26.0"))

    assert pins(desk.lock(runtime=("numpy>=1.20",))) == ["numpy==1.26.0"]


def test_a_lock_and_the_server_that_exclude_each_other_are_both_named(desk: Desk) -> None:
    desk.pylock(desk.package("numpy", "1.26.0"))

    with pytest.raises(ResolutionConflict) as caught:
        desk.lock()

    assert "numpy==1.26.0  (pylock.toml)" in caught.value.message
    assert "serving  (the runtime)" in caught.value.message
    assert "uv export" in caught.value.hint


def test_a_wheel_beside_the_lock_serves_without_any_index_that_knows_it(desk: Desk) -> None:
    wheel = make_wheel(desk.root / "files", "numpy", "9.9")
    place = f'{{ path = "files/{wheel.name}", hashes = {{ sha256 = "{sha256(wheel)}" }} }}'
    desk.pylock(f'[[packages]]\nname = "numpy"\nversion = "9.9"\nwheels = [{place}]\n')

    assert pins(desk.lock()) == ["numpy==9.9", "serving==1.0"]


@pytest.mark.parametrize("place", ["../outside.whl", "files/absent.whl", "/etc/passwd"])
def test_a_file_that_is_not_in_the_model_folder_is_an_error(desk: Desk, place: str) -> None:
    wheels = f'[{{ name = "x-1-py3-none-any.whl", path = "{place}", hashes = {{ sha256 = "{"0" * 64}" }} }}]'
    desk.pylock(f'[[packages]]\nname = "x"\nversion = "1"\nwheels = {wheels}\n')

    with pytest.raises(LockUnreadable, match="of x"):
        desk.lock()


def test_other_bytes_than_the_lock_s_are_refused(desk: Desk) -> None:
    package = desk.package("alpha", "1.0")
    make_wheel(desk.index.folder, "alpha", "1.0", files={"alpha/changed.py": b"x = 1\n"})
    desk.pylock(package)

    with pytest.raises(ArtifactCorrupt):
        desk.lock()


@pytest.mark.parametrize("target", [TRIXIE, ARM], ids=lambda target: target.platform)
def test_each_platform_takes_its_own_file(desk: Desk, target: Target) -> None:
    files = [f"native-1.0-cp313-cp313-manylinux_2_17_{machine}.whl" for machine in ("x86_64", "aarch64")]
    desk.pylock(desk.package("native", "1.0", *files))

    found = desk.lock(target).find("native")

    assert found is not None
    assert target.machine in found.filename


def test_files_for_other_platforms_alone_are_named(desk: Desk) -> None:
    desk.pylock(desk.package("native", "1.0", "native-1.0-cp313-cp313-manylinux_2_17_aarch64.whl"))

    with pytest.raises(PackageWithoutWheel) as caught:
        desk.lock()

    assert "native-1.0-cp313-cp313-manylinux_2_17_aarch64.whl" in caught.value.message


def test_a_lock_for_other_environments_is_an_error(desk: Desk) -> None:
    head = "environments = [\"sys_platform == 'linux' and platform_machine == 'x86_64'\"]\n"
    desk.pylock(desk.package("alpha", "1.0"), head=head)

    assert desk.lock().find("alpha")
    with pytest.raises(LockOutdated, match="linux/arm64"):
        desk.lock(ARM)


def test_extras_and_groups_of_a_pylock_are_chosen_and_its_default_groups_are_taken(desk: Desk) -> None:
    head = 'extras = ["web"]\ndependency-groups = ["dev", "serve"]\ndefault-groups = ["serve"]\n'
    desk.pylock(
        desk.package("alpha", "1.0", more="marker = \"'web' in extras\"\n"),
        desk.package("beta", "1.0", more="marker = \"'serve' in dependency_groups\"\n"),
        desk.package("numpy", "2.1.0", more="marker = \"'dev' in dependency_groups or 'web' in extras\"\n"),
        head=head,
    )
    web = Settings((Setting("SELDON_EXTRAS", "web", "--extra"),))

    assert pins(desk.lock(runtime=())) == ["beta==1.0"]
    assert pins(desk.lock(runtime=(), settings=web)) == ["alpha==1.0", "beta==1.0", "numpy==2.1.0"]


def test_two_versions_that_both_hold_are_an_error(desk: Desk) -> None:
    desk.pylock(desk.package("beta", "1.0"), desk.package("beta", "2.0"))

    with pytest.raises(LockUnreadable, match=r"beta==1\.0 and beta==2\.0"):
        desk.lock()


def test_versions_that_hold_on_different_pythons_are_none(desk: Desk) -> None:
    desk.pylock(
        desk.package("beta", "1.0", more="marker = \"python_version < '3.12'\"\n"),
        desk.package("beta", "2.0", more="marker = \"python_version >= '3.12'\"\n"),
    )

    assert "beta==2.0" in pins(desk.lock())


def test_a_source_archive_alone_must_be_built(desk: Desk) -> None:
    archive = make_sdist(desk.index.folder, "srconly")
    sdist = (
        f'{{ url = "{desk.index.url}/files/{archive.name}", hashes = {{ sha256 = "{sha256(archive)}" }} }}'
    )
    desk.pylock(f'[[packages]]\nname = "srconly"\nversion = "1.0"\nsdist = {sdist}\n')

    with pytest.raises(PackageWithoutWheel, match=r"srconly-1\.0\.tar\.gz"):
        desk.lock()


def test_a_repository_is_an_error_only_where_it_is_needed(desk: Desk) -> None:
    vcs = 'vcs = { type = "git", url = "https://me:secret@example.com/x.git", commit-id = "abc" }\n'
    package = f'[[packages]]\nname = "x"\nmarker = "sys_platform == \'win32\'"\n{vcs}'
    desk.pylock(package, desk.package("beta", "1.0"))
    assert "beta==1.0" in pins(desk.lock())

    desk.pylock(package.replace("win32", "linux"))
    with pytest.raises(PackageWithoutWheel, match="x @ git") as caught:
        desk.lock()
    assert "secret" not in str(caught.value)


def test_a_folder_outside_of_the_model_is_an_error(desk: Desk) -> None:
    desk.pylock('[[packages]]\nname = "x"\ndirectory = { path = "../x" }\n')

    with pytest.raises(PackageWithoutWheel, match="outside the model folder"):
        desk.lock()


def poetry(*packages: str) -> str:
    metadata = '[metadata]\nlock-version = "2.1"\npython-versions = ">=3.10"\ncontent-hash = "x"\n'
    return "".join(packages) + metadata


def poetry_package(name: str, version: str, digest: str, source: str = "") -> str:
    file = f'{{file = "{name}-{version}-py3-none-any.whl", hash = "sha256:{digest}"}}'
    table = f"[package.source]\n{source}" if source else ""
    return (
        f'[[package]]\nname = "{name}"\nversion = "{version}"\noptional = false\npython-versions = "*"\n'
        f'groups = ["main"]\nfiles = [{file}]\n{table}'
    )


def test_pins_without_urls_are_found_by_the_engine_with_nothing_added(desk: Desk) -> None:
    digest = desk.sha("alpha-1.0-py3-none-any.whl")
    (desk.root / "poetry.lock").write_text(poetry(poetry_package("alpha", "1.0", digest)))

    assert pins(desk.lock()) == ["alpha==1.0", "numpy==2.1.0", "serving==1.0"]


def test_an_index_that_offers_other_bytes_is_refused(desk: Desk) -> None:
    (desk.root / "poetry.lock").write_text(poetry(poetry_package("alpha", "1.0", "0" * 64)))

    with pytest.raises(HashMismatch, match="alpha"):
        desk.lock()


def test_a_package_of_a_private_index_comes_from_there_alone(desk: Desk, tmp_path: Path) -> None:
    private = tmp_path / "private"
    wheel = make_wheel(private, "alpha", "1.0", files={"alpha/private.py": b"x = 1\n"})
    with serve(private, credential="me:word") as server:
        url = server.simple.replace("http://", "http://me:word@")
        source = f'type = "legacy"\nurl = "{url}"\nreference = "private"\n'
        (desk.root / "poetry.lock").write_text(poetry(poetry_package("alpha", "1.0", sha256(wheel), source)))

        found = desk.lock().find("alpha")

    assert found is not None
    assert found.url.startswith(server.url)
    assert "word" not in found.url


PIPFILE_LOCK = """{"_meta": {"hash": {"sha256": "x"}, "pipfile-spec": 6, "requires": {}, "sources":
[{"name": "main", "url": "%s", "verify_ssl": true}]}, "default":
{"alpha": {"version": "==1.0", "hashes": ["sha256:%s"], "index": "main"}}, "develop": {}}"""


def test_variables_in_the_sources_of_a_pipfile_come_from_the_settings(desk: Desk) -> None:
    digest = desk.sha("alpha-1.0-py3-none-any.whl")
    (desk.root / "Pipfile.lock").write_text(PIPFILE_LOCK % ("http://${WHERE}/simple/", digest))
    place = desk.index.url.removeprefix("http://")

    found = desk.lock(settings=Settings((Setting("WHERE", place, "-e"),))).find("alpha")

    assert found is not None
    assert found.url.startswith(desk.index.url)


def test_a_variable_that_nobody_set_is_an_error_that_names_it(desk: Desk) -> None:
    (desk.root / "Pipfile.lock").write_text(PIPFILE_LOCK % ("http://${WHERE}/simple/", "0" * 64))

    with pytest.raises(LockUnreadable, match="-e WHERE="):
        desk.lock()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('lock-version = "2.0"\ncreated-by = "x"\npackages = []\n', "2.0"),
        (HEAD, "packages"),
        (HEAD + "packages = 3\n", "packages"),
        (HEAD + '[[packages]]\nname = "x"\nversion = "no version"\n', "version"),
        (f'{HEAD}[[packages]]\nname = "x"\nwheels = [{{ url = "http://[", hashes = {{}} }}]\n', "hash"),
        (
            f'{HEAD}[[packages]]\nname = "x"\nmarker = "{"(" * 5000}"\ndirectory = {{ path = "." }}\n',
            "marker",
        ),
    ],
)
def test_what_pep_751_does_not_say_is_a_clear_error(desk: Desk, text: str, reason: str) -> None:
    (desk.root / "pylock.toml").write_text(text)

    with pytest.raises(LockUnreadable, match=r"pylock\.toml cannot be read") as caught:
        desk.lock()

    assert reason in caught.value.message


def test_a_lock_of_another_tool_is_not_said_to_be_unused(desk: Desk) -> None:
    desk.pylock(desk.package("alpha", "1.0"))

    desk.lock()

    said = [event.message for event in desk.events]
    assert "pylock: pylock.toml is there" in said
    assert not any(message.startswith("Not using") for message in said)


def test_a_second_build_asks_nothing_of_the_index(desk: Desk) -> None:
    desk.pylock(desk.package("alpha", "1.0"))
    first = desk.lock()
    desk.index.requests.clear()

    assert desk.lock() == first
    assert desk.index.requests == []


def test_the_same_pin_twice_is_one_package(desk: Desk) -> None:
    desk.pylock(
        desk.package("beta", "1.0"), desk.package("beta", "1.0", more="marker = \"os_name == 'posix'\"\n")
    )

    assert pins(desk.lock(runtime=())) == ["beta==1.0"]
    assert Requirement("beta==1.0", "x").name == "beta"


def test_the_lock_of_another_tool_is_told_from_ours_and_from_none() -> None:
    assert pylock.is_of_others(HEAD)
    assert not pylock.is_of_others("")
    assert not pylock.is_of_others("created-by = ")
    assert not pylock.is_of_others('created-by = "seldon-python"\n')
