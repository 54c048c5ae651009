from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from seldon_builder.detection import Detection, Requirement
from seldon_builder.errors import SeldonError
from seldon_builder.errors.resolution import (
    IndexUnreachable,
    PackageNotFound,
    PackageWithoutWheel,
    ResolutionConflict,
    VersionNotFound,
)
from seldon_builder.events import Event, EventKind
from seldon_builder.lock import Lock
from seldon_builder.package_index import IndexCredential, PackageIndex
from seldon_builder.secret import Secret
from seldon_builder.store import Store
from seldon_builder.target import Target
from seldon_plugins.engines import uv

from .wheelhouse import Index, make_sdist, make_wheel, serve

FILE = "requirements.txt"
TRIXIE = Target("amd64", "3.13.5", "2.41")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    wheels = tmp_path / "index"
    make_wheel(wheels, "alpha", "1.0", requires=("beta>=1",))
    make_wheel(wheels, "alpha", "2.0", requires=("beta>=2",))
    make_wheel(wheels, "gamma", "2.0", requires=("beta>=2",))
    make_wheel(wheels, "gamma", "3.0rc1")
    make_wheel(wheels, "beta", "1.0")
    make_wheel(wheels, "beta", "2.0")
    make_wheel(wheels, "old", requires=("beta<2",))
    make_wheel(wheels, "wants-absent", requires=("absent",))
    make_wheel(wheels, "wants-newer", requires=("beta>=3",))
    make_wheel(wheels, "future", requires_python=">=3.14")
    for tag in ("cp313-cp313-manylinux_2_17_x86_64", "cp313-cp313-manylinux_2_28_x86_64", "py3-none-any"):
        make_wheel(wheels, "native", tag=tag)
    make_wheel(wheels, "native", tag="cp313-cp313-manylinux_2_17_aarch64")
    make_wheel(wheels, "winonly", tag="cp313-cp313-win_amd64")
    make_wheel(wheels, "olderonly", tag="cp311-cp311-manylinux_2_17_x86_64")
    make_sdist(wheels, "srconly")
    make_sdist(wheels, "sklearn")
    make_sdist(wheels, "sklearn", "2.0")
    with serve(wheels) as server:
        yield server


def lock(
    tmp_path: Path, given: PackageIndex, *lines: str, target: Target = TRIXIE, options: tuple[str, ...] = ()
) -> Lock:
    requirements = tuple(Requirement(line, f"requirements.txt:{n}") for n, line in enumerate(lines, 1))
    detection = Detection("requirements", ("requirements.txt",), "", requirements, options=options)
    events: list[Event] = []
    found = uv.seldon_lock(detection, target, given, "uv", Store(tmp_path / "store"), events.append)
    assert found is not None
    return found


def test_the_best_wheel_for_the_target_is_chosen(tmp_path: Path, index: Index) -> None:
    found = lock(tmp_path, PackageIndex(index_url=index.simple), "native")
    assert found.artifacts[0].filename == "native-1.0-cp313-cp313-manylinux_2_28_x86_64.whl"


@pytest.mark.parametrize(
    ("target", "filename"),
    [
        (Target("arm64", "3.13.5", "2.41"), "native-1.0-cp313-cp313-manylinux_2_17_aarch64.whl"),
        (Target("amd64", "3.13.5", "2.17"), "native-1.0-cp313-cp313-manylinux_2_17_x86_64.whl"),
        (Target("amd64", "3.11.2", "2.36"), "native-1.0-py3-none-any.whl"),
    ],
)
def test_the_target_decides_and_not_this_machine(
    tmp_path: Path, index: Index, target: Target, filename: str
) -> None:
    assert (
        lock(tmp_path, PackageIndex(index_url=index.simple), "native", target=target).artifacts[0].filename
        == filename
    )


def test_markers_hold_for_the_target(tmp_path: Path, index: Index) -> None:
    lines = ('alpha; platform_machine == "aarch64"', 'beta; python_version < "3"')
    target = Target("arm64", "3.13.5", "2.41")
    found = lock(tmp_path, PackageIndex(index_url=index.simple), *lines, target=target)
    assert [artifact.name for artifact in found.artifacts] == ["alpha", "beta"]


def test_a_release_candidate_comes_only_when_asked_for(tmp_path: Path, index: Index) -> None:
    given = PackageIndex(index_url=index.simple)
    versions = [
        lock(tmp_path, given, "gamma", options=options).artifacts[-1].version for options in ((), ("--pre",))
    ]
    assert versions == ["2.0", "3.0rc1"]


def test_a_release_candidate_that_nobody_asked_for_is_told(tmp_path: Path, index: Index) -> None:
    events: list[Event] = []
    asked = (Requirement("gamma", "requirements.txt:1"), Requirement("beta<2", "requirements.txt:2"))
    detection = Detection("requirements", (), "", asked)
    given = PackageIndex(index_url=index.simple)
    uv.seldon_lock(detection, TRIXIE, given, "uv", Store(tmp_path / "store"), events.append)
    said = [event.message for event in events if event.kind is EventKind.WARNING]
    assert said == ["gamma 3.0rc1 is a pre-release: no other version of it fits what is asked for"]


def test_the_best_version_of_all_indexes_is_taken(tmp_path: Path, index: Index) -> None:
    make_wheel(tmp_path / "second", "beta", "5.0")
    with serve(tmp_path / "second") as second:
        given = PackageIndex(index_url=index.simple, extra_index_urls=(second.simple,))
        assert lock(tmp_path, given, "beta").artifacts[0].version == "5.0"


def test_a_folder_of_wheels_is_enough_without_an_index(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "folder", "alpha", "9.0")
    given = PackageIndex(find_links=(str(tmp_path / "folder"),), no_index=True)
    assert lock(tmp_path, given, "alpha").artifacts[0].url == wheel.as_uri()


def test_the_callers_variables_have_no_effect(
    tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "UV_INDEX_URL",
        "UV_DEFAULT_INDEX",
        "PIP_INDEX_URL",
        "http_proxy",
        "HTTP_PROXY",
        "ALL_PROXY",
    ):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    monkeypatch.setenv("UV_EXCLUDE_NEWER", "2001-01-01")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    assert lock(tmp_path, PackageIndex(index_url=index.simple), "beta").artifacts[0].version == "2.0"


def test_passwords_stand_in_no_argument(tmp_path: Path) -> None:
    make_wheel(tmp_path / "index", "beta", "1.0")
    with serve(tmp_path / "index", credential="me:s3cr3t") as index:
        secret = IndexCredential(index.simple, Secret("me"), Secret("s3cr3t"))
        events: list[Event] = []
        detection = Detection("requirements", (), "", (Requirement("beta", "requirements.txt:1"),))
        given = PackageIndex(index_url=index.simple, credentials=(secret,))
        found = uv.seldon_lock(detection, TRIXIE, given, "uv", Store(tmp_path / "store"), events.append)
    assert found is not None
    assert "s3cr3t" not in found.artifacts[0].url + "".join(event.message for event in events)


@pytest.mark.parametrize(
    ("lines", "error", "said"),
    [
        (("alpha>=2", "beta<2"), ResolutionConflict, (f"alpha>=2  ({FILE}:1)", f"beta<2  ({FILE}:2)")),
        (("alpha>=2", "old"), ResolutionConflict, (f"alpha>=2  ({FILE}:1)", f"old  ({FILE}:2)")),
        (("future",), ResolutionConflict, (f"future  ({FILE}:1)", "Python 3.13.5  (the base image)")),
        (("alpha==9",), VersionNotFound, ("alpha==9", "The newest that fits the target's Python is 2.0")),
        (("alpha>9",), VersionNotFound, ("alpha>9", "newest", "2.0")),
        (("wants-newer",), VersionNotFound, ("beta>=3", f"wants-newer  ({FILE}:1)", "2.0")),
        (("alpha", "alhpa"), PackageNotFound, ("alhpa", f"{FILE}:2")),
        (("wants-absent",), PackageNotFound, ("absent", f"wants-absent  ({FILE}:1)")),
        (("winonly",), PackageWithoutWheel, ("winonly 1.0", "win_amd64", "Python 3.13 on linux/amd64")),
        (("srconly",), PackageWithoutWheel, ("srconly 1.0", f"{FILE}:1")),
    ],
)  # fmt: skip
def test_each_failure_is_its_own_error_in_plain_words(
    tmp_path: Path, index: Index, lines: tuple[str, ...], error: type[SeldonError], said: tuple[str, ...]
) -> None:
    with pytest.raises(error) as caught:
        lock(tmp_path, PackageIndex(index_url=index.simple), *lines)
    text = str(caught.value)
    assert [part for part in said if part not in text] == [], text


def refused(tmp_path: Path, index: Index, *lines: str) -> SeldonError:
    with pytest.raises(SeldonError) as caught:
        lock(tmp_path, PackageIndex(index_url=index.simple), *lines)
    return caught.value


@pytest.mark.parametrize(
    ("line", "error", "called"),
    [
        ("sklearn", PackageWithoutWheel, "the package is called scikit-learn"),
        ("PIL", PackageNotFound, "the package is called pillow"),
        ("yaml", PackageNotFound, "the package is called pyyaml"),
        ("scikit-lern", PackageNotFound, "did you mean scikit-learn"),
        ("pkg_resources==0.0.0", PackageNotFound, "remove the line pkg_resources"),
        ("pywin32==306", PackageNotFound, "pywin32 is for Windows alone"),
    ],
)
def test_what_has_another_name_is_called_by_it(
    tmp_path: Path, index: Index, line: str, error: type[SeldonError], called: str
) -> None:
    found = refused(tmp_path, index, line)
    assert (type(found), found.hint.startswith(called)) == (error, True), found


def test_a_name_like_no_other_gets_no_guess(tmp_path: Path, index: Index) -> None:
    assert "check the spelling" in refused(tmp_path, index, "alhpa").hint


def test_another_python_that_has_the_wheels_is_named_first(tmp_path: Path, index: Index) -> None:
    found = refused(tmp_path, index, "olderonly")
    assert found.hint.startswith("take Python 3.11, which has wheels of all that is asked for: --python 3.11")
    assert "it has wheels with the following" in found.message


def test_no_python_is_named_that_would_not_help(tmp_path: Path, index: Index) -> None:
    assert "--python" not in refused(tmp_path, index, "olderonly", "srconly").hint


@pytest.mark.parametrize("line", ["olderonly", "srconly", "winonly", "future"])
def test_uv_s_own_hints_stay_out(tmp_path: Path, index: Index, line: str) -> None:
    found = str(refused(tmp_path, index, line))
    assert found.count("hint:") == 1, found
    assert "--no-build" not in found


def test_an_index_that_wants_a_password_says_so(tmp_path: Path) -> None:
    make_wheel(tmp_path / "index", "beta", "1.0")
    with (
        serve(tmp_path / "index", credential="me:s3cr3t") as index,
        pytest.raises(IndexUnreachable, match="authentication"),
    ):
        lock(tmp_path, PackageIndex(index_url=index.simple), "beta")


def test_an_extra_index_that_wants_a_password_is_named(tmp_path: Path, index: Index) -> None:
    make_wheel(tmp_path / "second", "private", "1.0")
    with serve(tmp_path / "second", credential="me:s3cr3t") as second:
        given = PackageIndex(index_url=index.simple, extra_index_urls=(second.simple,))
        with pytest.raises(IndexUnreachable, match=second.simple):
            lock(tmp_path, given, "private")


def test_a_wheel_that_is_no_zip_keeps_uvs_own_words(tmp_path: Path, index: Index) -> None:
    (tmp_path / "index" / "broken-1.0-py3-none-any.whl").write_bytes(b"not a zip")
    with pytest.raises(SeldonError, match="broken"):
        lock(tmp_path, PackageIndex(index_url=index.simple), "broken")
