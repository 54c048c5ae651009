"""Dependencies without a wheel: found on an index, proven, built, and taken by the engine."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from seldon_builder.building.index_pages import Link, best_archive, links_of
from seldon_builder.building.on_demand import BuilderOnDemand, builder_for
from seldon_builder.building.unpacking import read_member, unpack_archive
from seldon_builder.dependencies.resolver import Resolver
from seldon_builder.destination import Output
from seldon_builder.detection import Detection, Requirement
from seldon_builder.errors.building import BuildFailed
from seldon_builder.errors.resolution import ArtifactCorrupt, PackageWithoutWheel, ResolutionConflict
from seldon_builder.errors.source import SettingInvalid
from seldon_builder.order import Order
from seldon_builder.package_index import PackageIndex
from seldon_builder.reference import Reference
from seldon_builder.settings import Setting, Settings
from seldon_builder.store import Store
from seldon_builder.target import Target

from .wheelhouse import Index, make_wheel, serve, sha256
from .workbench import Workbench, sdist

TARGET = Target("amd64", "3.13.5", "2.41")
NAME = "zz-only-source"
SETUP = f"from setuptools import setup\nsetup(name='{NAME}', version='%s', py_modules=['zz_source'])\n"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with serve(tmp_path / "index") as index:
        yield index


@pytest.fixture(scope="module")
def images(repository: Path) -> Store:
    return Store(repository / ".venv" / "test-store")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture
def bench(images: Store, wheels: Store, index: Index) -> Workbench:
    return Workbench(images, wheels, PackageIndex(extra_index_urls=(index.simple,)))


def source(index: Index, version: str = "1.0", code: str = "") -> Path:
    files = {"setup.py": code + SETUP % version, "zz_source.py": f"# {index.url}\n"}
    return sdist(index.folder, "zz_only_source", version, files)


def resolver(bench: Workbench) -> Resolver:
    builder = bench.builder()
    return replace(builder.resolver, builder=BuilderOnDemand(lambda: builder))


def asked(*lines: str, hashes: tuple[str, ...] = ()) -> Detection:
    return Detection("test", (), "", tuple(Requirement(line, "a:1", hashes) for line in lines))


@pytest.mark.docker
@pytest.mark.network
def test_what_has_no_wheel_is_built_once(bench: Workbench, index: Index) -> None:
    source(index, "1.0")
    source(index, "2.0", "raise SystemExit('too new')\n")
    make_wheel(index.folder, "zz-asks", requires=(f"{NAME}<2",))

    lock = resolver(bench).resolved(asked("zz-asks"))
    index.requests.clear()
    again = resolver(bench).resolved(asked("zz-asks"))

    assert [(item.name, item.version) for item in lock.artifacts] == [("zz-asks", "1.0"), (NAME, "1.0")]
    assert f"Taking {NAME} 1.0: it has no wheel for Python 3.13 on linux/amd64" in bench.said
    assert (again.artifacts, index.requests) == (lock.artifacts, [])


@pytest.mark.docker
@pytest.mark.network
def test_the_hash_of_a_requirement_may_be_its_archive_s(bench: Workbench, index: Index) -> None:
    path = source(index, "3.0")
    line = f"{NAME}==3.0"

    lock = resolver(bench).resolved(asked(line, hashes=(f"sha256:{sha256(path)}",)))

    assert lock.artifacts[0].filename == "zz_only_source-3.0-py3-none-any.whl"
    with pytest.raises(PackageWithoutWheel):
        resolver(bench).resolved(asked(line, hashes=(f"sha256:{'0' * 64}",)))


@pytest.mark.docker
@pytest.mark.network
def test_another_python_that_needs_no_building_is_told_once(bench: Workbench, index: Index) -> None:
    sdist(
        index.folder,
        "zz_more",
        "1.0",
        {"setup.py": SETUP.replace(NAME, "zz-more") % "1.0", "zz_source.py": ""},
    )
    source(index, "3.5")
    for name, version in (("zz-more", "1.0"), (NAME, "3.5")):
        make_wheel(index.folder, name, version, tag="cp311-cp311-manylinux_2_17_x86_64")

    resolver(bench).resolved(asked(f"{NAME}==3.5", "zz-more"))

    assert bench.said.count("Python 3.11 has wheels of all that is asked for, Python 3.13 has not") == 1
    assert bench.said.count("so its source archive is built") == 2


@pytest.mark.docker
@pytest.mark.network
def test_what_fails_to_build_names_the_python_that_has_wheels(bench: Workbench, index: Index) -> None:
    source(index, "3.6", "raise SystemExit('too old for this Python')\n")
    make_wheel(index.folder, NAME, "3.6", tag="cp311-cp311-manylinux_2_17_x86_64")

    with pytest.raises(BuildFailed) as failed:
        resolver(bench).resolved(asked(f"{NAME}==3.6"))

    assert failed.value.hint.startswith("take Python 3.11, which has wheels of all that is asked for")


@pytest.mark.network
def test_a_lock_with_what_was_built_counts_only_where_building_may_be(bench: Workbench, index: Index) -> None:
    source(index, "4.0")
    detection = asked(f"{NAME}==4.0")
    resolver(bench).resolved(detection)

    with pytest.raises(PackageWithoutWheel):
        replace(resolver(bench), builder=None).resolved(detection)


@pytest.mark.network
def test_an_archive_that_is_not_what_the_index_says_is_refused(bench: Workbench, index: Index) -> None:
    index.lies[source(index, "5.0").name] = "1" * 64

    with pytest.raises(ArtifactCorrupt):
        resolver(bench).resolved(asked(f"{NAME}==5.0"))


@pytest.mark.network
def test_nothing_is_built_where_wheels_are_there_that_others_exclude(bench: Workbench, index: Index) -> None:
    source(index, "0.1", "raise SystemExit('never built')\n")
    source(index, "6.0", "raise SystemExit('never built')\n")
    make_wheel(index.folder, "zz-other")
    make_wheel(index.folder, NAME, "6.0", requires=("zz-other>=2",))

    with pytest.raises(ResolutionConflict) as caught:
        resolver(bench).resolved(asked(NAME, "zz-other<2"))

    assert caught.value.sides == (f"{NAME}  (a:1)", "zz-other<2  (a:1)")
    assert "source archive" not in bench.said


def best(folder: Path, wanted: str = "", store: Store | None = None) -> str:
    index = PackageIndex(find_links=(str(folder),), no_index=True)
    found = best_archive(NAME, SpecifierSet(wanted), [], index, TARGET, store or Store(folder / "store"))
    return found.version if found else ""


def test_local_folders_hold_archives_too(tmp_path: Path) -> None:
    for version in ("1.0", "1.5", "2.0b1"):
        sdist(tmp_path, "zz_only_source", version, {})
    (tmp_path / "zz_only_source-9.zip.txt").write_text("")
    (tmp_path / "zz_other-9.tar.gz").write_text("")

    assert best(tmp_path) == "1.5"
    assert best(tmp_path, "<1.2") == "1.0"
    assert best(tmp_path, ">=3") == ""


HTML = """<!DOCTYPE html><base href="https://files.example.com/a/"><a href="x-1.tar.gz#sha256={0}"
data-requires-python="&gt;=3.9">x</a><a href="../x-2.tar.gz" data-yanked="broken">x</a><a>x</a>"""
JSON = """{{"files": [{{"url": "/a/x-1.tar.gz", "hashes": {{"sha256": "{0}"}}, "requires-python": ">=3.9",
"yanked": false}}, {{"url": "../x-2.tar.gz", "hashes": {{}}, "yanked": "broken"}}, 5, {{"url": 5}}]}}"""


@pytest.mark.parametrize("page", [HTML, JSON])
def test_both_kinds_of_pages_say_the_same(page: str) -> None:
    text, digest = page.format("a" * 64), "a" * 64

    assert next(iter(links_of(text.encode(), "https://files.example.com/a/x/"))) == Link(
        "https://files.example.com/a/x-1.tar.gz", digest, ">=3.9"
    )
    assert [link.is_yanked for link in links_of(text.encode(), "https://files.example.com/a/")] == [
        False,
        True,
    ]


@pytest.mark.parametrize("page", [b"\xff\xfe\x00", b"{" * 100_000, b'{"files": 5}', b"[]", b"", b"<a href='"])
def test_pages_of_garbage_have_no_links(page: bytes) -> None:
    assert list(links_of(page, "https://files.example.com/")) == []


def tarball(path: Path, *members: tuple[str, str]) -> Path:
    """A tar of files; those with a target are symbolic links."""
    with tarfile.open(path, "w:gz") as archive:
        for name, target in members:
            info = tarfile.TarInfo(name)
            if target:
                info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info, io.BytesIO())
    return path


@pytest.mark.parametrize(
    "members",
    [
        [("x-1/a", ""), ("../evil", "")],
        [("x-1/a", ""), ("/etc/evil", "")],
        [("x-1/link", "/etc"), ("x-1/link/evil", "")],
        [("x-1/link", "../../..")],
        [("a", ""), ("b", "")],
        [("x-1/a", ""), ("y-1/a", "")],
    ],
)
def test_archives_that_lead_out_are_refused(tmp_path: Path, members: list[tuple[str, str]]) -> None:
    archive = tarball(tmp_path / "x-1.tar.gz", *members)
    (tmp_path / "deep" / "out").mkdir(parents=True)

    with pytest.raises(BuildFailed, match="archive"):
        unpack_archive(archive, tmp_path / "deep" / "out", "x")

    assert {path.name for path in tmp_path.iterdir()} == {"x-1.tar.gz", "deep"}


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "x-1/../../evil"])
def test_zips_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "x-1.zip", "w") as archive:
        archive.writestr("x-1/setup.py", "")
        archive.writestr(name, "")
    (tmp_path / "out").mkdir()

    with pytest.raises(BuildFailed, match=r"leads out|absolute"):
        unpack_archive(tmp_path / "x-1.zip", tmp_path / "out", "x")


def test_a_zip_is_unpacked_and_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x-1.zip", "w") as archive:
        archive.writestr("x-1/pyproject.toml", "a = 1")
        archive.writestr("x-1/sub/setup.py", "")
    (tmp_path / "out").mkdir()

    unpack_archive(tmp_path / "x-1.zip", tmp_path / "out", "x")

    assert (tmp_path / "out" / "sub" / "setup.py").is_file()
    assert read_member(tmp_path / "x-1.zip", "pyproject.toml", "x") == b"a = 1"


@pytest.mark.parametrize("content", [b"", b"not really a tarball", b"PK\x03\x04 nor a zip"])
def test_what_is_no_archive_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x-1.tar.gz").write_bytes(content)

    with pytest.raises(BuildFailed, match="cannot be unpacked"):
        read_member(tmp_path / "x-1.tar.gz", "pyproject.toml", "x")


@pytest.mark.parametrize(("value", "built"), [("1", False), ("true", False), ("0", True), ("", True)])
def test_building_can_be_forbidden(bench: Workbench, tmp_path: Path, value: str, built: bool) -> None:
    settings = Settings((Setting("SELDON_NO_BUILD", value, "-e"),))
    order = Order(tmp_path, Output("oci", Reference.parse("x:1")))

    found = builder_for(order, settings, bench.builder().resolver, None, PackageIndex())

    assert (found is not None) == built


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan", "inf"])
def test_a_limit_that_is_no_number_is_named(bench: Workbench, tmp_path: Path, value: str) -> None:
    settings = Settings((Setting("SELDON_BUILD_MINUTES", value, "-e"),))
    order = Order(tmp_path, Output("oci", Reference.parse("x:1")))

    with pytest.raises(SettingInvalid, match="is no number of minutes"):
        builder_for(order, settings, bench.builder().resolver, None, PackageIndex())
