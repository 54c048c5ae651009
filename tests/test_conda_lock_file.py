"""Locks and lists in the source: taken exactly, written so that nothing changes, refused where stale."""

import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from seldon_builder.digest import Digest
from seldon_builder.errors.base import PythonConflict
from seldon_builder.errors.conda import CondaPackageMalformed, EnvironmentInvalid, PythonOutOfRange
from seldon_builder.errors.projects import GroupUnknown
from seldon_builder.errors.resolution import ArtifactCorrupt, LockOutdated, PackageWithoutWheel
from seldon_builder.errors.upgrades import UpgradeUnknown
from seldon_builder.lock import PROJECT, WHEEL, Artifact, Lock
from seldon_plugins import conda

from .conda_packages import index_channel, python_distribution, write_package
from .test_conda_environment import settings_of
from .test_conda_lock import TRIXIE, Desk, channel, desk, index, pins
from .wheelhouse import make_wheel

__all__ = ["channel", "desk", "index"]
ENVIRONMENT = "channels: [tests]\ndependencies:\n- python=3.12\n- numpy\n- pip:\n  - small<2\n"
ARM = replace(TRIXIE, architecture="arm64")


def exported(desk: Desk, lock: Lock, **others: str) -> str:
    written = conda.seldon_export(lock, desk.source({}), desk.store, {**others})
    assert written is not None
    assert written.name == "conda-lock.yml"
    return written.text


def relock(desk: Desk, text: str = ENVIRONMENT) -> str:
    """Do what ``seldon-python lock`` does."""
    written = exported(desk, desk.lock(relocked=True, environment__yml=text))
    (desk.root / "conda-lock.yml").write_text(written)
    return written


def listed(desk: Desk, mark: Callable[[Path], str], *names: str) -> str:
    paths = [path for name in names for path in desk.channel.rglob(f"{name}*")]
    return "@EXPLICIT\n" + "".join(f"{path.as_uri()}{mark(path)}\n" for path in paths)


def md5(path: Path) -> str:
    return "#" + hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def sha256(path: Path) -> str:
    return "#sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def nothing(_: Path) -> str:
    return ""


def test_a_build_takes_the_lock_as_it_is_written(desk: Desk, channel: Path) -> None:
    first = desk.lock(environment__yml=ENVIRONMENT)
    text = relock(desk)
    # What is newer does not count, and no channel is asked.
    second = desk.lock(settings=settings_of(SELDON_CHANNEL_ALIASES="tests=/nowhere"))
    assert {item.sha256 for item in second.artifacts} == {item.sha256 for item in first.artifacts}
    assert "Using conda-lock.yml of the source, exactly as it is written" in desk.said
    assert second.engine == "conda-lock.yml"
    assert "numpy" in text


def test_locking_anew_changes_no_byte(desk: Desk) -> None:
    assert relock(desk) == relock(desk)


def test_a_lock_holds_what_the_server_needs_too(desk: Desk) -> None:
    entries = re.findall(r"- name: (\S+)\n.*\n  manager: (\w+)", relock(desk))
    assert sorted(entries) == [
        ("numpy", "conda"),
        ("python", "conda"),
        ("served", "pip"),
        ("small", "pip"),
    ]


def test_platforms_are_added_to_one_file_each_exact(desk: Desk) -> None:
    relock(desk)
    both = exported(desk, desk.lock(ARM, relocked=True))
    (desk.root / "conda-lock.yml").write_text(both)
    here, there = desk.lock(), desk.lock(ARM)
    assert both.count("platform: linux-64") == both.count("platform: linux-aarch64") == 4
    assert [("/linux-64/" in lock.artifacts[0].url) for lock in (here, there)] == [True, False]


def test_locks_of_one_call_for_several_platforms_go_into_one_text(desk: Desk) -> None:
    first = exported(desk, desk.lock(relocked=True, environment__yml=ENVIRONMENT))
    others = {"conda-lock.yml": first}
    both = exported(desk, desk.lock(ARM, relocked=True), **others)
    assert both.count("platform: linux-64") == both.count("platform: linux-aarch64") == 4


def test_what_was_locked_for_another_environment_is_dropped(desk: Desk) -> None:
    relock(desk)
    (desk.root / "conda-lock.yml").write_text(exported(desk, desk.lock(ARM, relocked=True)))
    assert "linux-aarch64" not in relock(desk, ENVIRONMENT.replace("small<2", "small<3"))


def test_a_lock_that_conda_lock_s_own_reader_takes(desk: Desk) -> None:
    relock(desk)
    from conda_lock.lockfile import parse_conda_lock_file

    found = parse_conda_lock_file(desk.root / "conda-lock.yml")
    assert {(item.name, item.manager) for item in found.package} == {
        ("numpy", "conda"),
        ("python", "conda"),
        ("served", "pip"),
        ("small", "pip"),
    }


def test_a_lock_whose_environment_moved_on_is_an_error_that_says_the_command(desk: Desk) -> None:
    relock(desk)
    with pytest.raises(LockOutdated) as caught:
        desk.lock(environment__yml=ENVIRONMENT.replace("small<2", "small<3"))
    assert "`seldon-python lock" in (caught.value.hint or "")
    assert "`conda-lock`" in (caught.value.hint or "")


def test_a_comment_in_the_environment_makes_no_lock_stale(desk: Desk) -> None:
    relock(desk)
    desk.lock(environment__yml=f"# about\n{ENVIRONMENT}")
    assert "exactly as it is written" in desk.said


def test_a_lock_of_lines_that_conda_lock_cannot_read_is_checked_all_the_same(desk: Desk) -> None:
    text = f"{ENVIRONMENT}  - -r more.txt\n"
    (desk.root).mkdir()
    (desk.root / "more.txt").write_text("small\n")
    relock(desk, text)
    desk.lock()
    with pytest.raises(LockOutdated):
        desk.lock(environment__yml=f"{text}  - served\n")


def test_a_lock_without_its_environment_serves_alone(desk: Desk) -> None:
    relock(desk)
    (desk.root / "environment.yml").unlink()
    assert "small=1.0" in pins(desk.lock(), WHEEL)


def test_a_lock_that_was_made_from_other_files_is_taken_and_said(desk: Desk) -> None:
    text = relock(desk).replace("- environment.yml", "- pyproject.toml")
    desk.lock(conda_lock__yml="")
    (desk.root / "conda_lock.yml").unlink()
    (desk.root / "conda-lock.yml").write_text(text)
    desk.lock()
    assert "was made from pyproject.toml: whether it still matches is not checked" in desk.said


def test_what_a_lock_lacks_for_the_server_is_resolved_around_it(desk: Desk) -> None:
    text = relock(desk)
    entry = text.index("- name: served")
    (desk.root / "conda-lock.yml").write_text(text[:entry] + text[text.index("- name: small") :])
    (desk.root / "environment.yml").unlink()
    lock = desk.lock()
    assert pins(lock, WHEEL) == ["served=1.0", "small=1.0"]
    assert ", uv" in lock.engine


def test_what_lies_in_the_source_is_named_from_there(desk: Desk, tmp_path: Path) -> None:
    channel = desk.root / "channel"
    write_package(channel, "mine", "1.0", noarch="python", files=python_distribution("mine", "1.0"))
    index_channel(channel)
    text = "channels: [./channel, tests]\ndependencies: [python=3.12, numpy, mine]\n"
    written = relock(desk, text)
    assert "url: ./channel/noarch/mine-1.0-0.conda" in written
    desk.root.rename(tmp_path / "moved")
    (tmp_path / "moved").rename(desk.root)
    assert "mine=1.0" in pins(desk.lock())


def test_a_group_chooses_more_of_a_lock(desk: Desk) -> None:
    text = relock(desk)
    entry = text.index("- name: small")
    dev = text[entry:].replace("category: main", "category: dev").replace("optional: false", "optional: true")
    (desk.root / "environment.yml").unlink()
    (desk.root / "conda-lock.yml").write_text(text[:entry] + dev.replace("name: small", "name: other"))
    chosen = desk.lock(settings=desk.settings(SELDON_GROUPS="dev"))
    assert "other=1.0" in pins(chosen, WHEEL)
    assert "other=1.0" not in pins(desk.lock(), WHEEL)
    assert "other=1.0" in pins(desk.lock(settings=desk.settings(SELDON_GROUPS="Dev,main")), WHEEL)
    with pytest.raises(GroupUnknown, match="group web: there is dev, main"):
        desk.lock(settings=desk.settings(SELDON_GROUPS="web"))


def test_groups_and_extras_that_an_environment_has_not_are_refused(desk: Desk) -> None:
    relock(desk)
    (desk.root / "conda-lock.yml").unlink()
    with pytest.raises(GroupUnknown) as caught:
        desk.lock(settings=desk.settings(SELDON_GROUPS="dev", SELDON_EXTRAS="gpu"))
    assert caught.value.unknown == (("group", "dev"), ("extra", "gpu"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("version: 1", "version: 2"), "its version is '2', and 1 is the one that is known"),
        (("version: 1", "verion: 1"), "its version is 'None'"),
        (("manager: conda", "manager: mamba"), "a package in it has a wrong or no value of 'manager'"),
        (("platforms:\n  - linux-64", "platforms:\n  - osx-64"), "it is not for linux-64, but for osx-64"),
        (("    sha256:", "    sha1:"), "sha1"),
    ],
)
def test_a_broken_lock_is_named(desk: Desk, change: tuple[str, str], said: str) -> None:
    text = relock(desk)
    (desk.root / "environment.yml").unlink()
    (desk.root / "conda-lock.yml").write_text(text.replace(*change))
    with pytest.raises(EnvironmentInvalid, match=re.escape(said)):
        desk.lock()


@pytest.mark.parametrize("content", [b"\xff", b"", b"[" * 100_000, b"- a", b"{", b"\0"])
def test_garbage_is_named(desk: Desk, content: bytes) -> None:
    desk.root.mkdir()
    (desk.root / "conda-lock.yml").write_bytes(content)
    with pytest.raises(EnvironmentInvalid, match=r"conda-lock\.yml"):
        desk.lock()


def test_a_wheel_of_another_hash_is_not_installed(desk: Desk) -> None:
    text = relock(desk)
    sha = re.search(r"url: \S+small\S+\n  hash:\n    sha256: (\w+)", text)
    assert sha
    (desk.root / "conda-lock.yml").write_text(text.replace(sha[1], "a" * 64))
    with pytest.raises(ArtifactCorrupt):
        desk.lock()


def test_a_source_distribution_in_a_lock_is_told(desk: Desk) -> None:
    text = relock(desk)
    (desk.root / "conda-lock.yml").write_text(re.sub(r"(small-1\.0)-py3-none-any\.whl", r"\1.tar.gz", text))
    with pytest.raises(PackageWithoutWheel, match="it is no wheel"):
        desk.lock()


@pytest.mark.parametrize("mark", [md5, sha256, nothing])
def test_a_list_is_taken_as_it_is_written(desk: Desk, mark: Callable[[Path], str]) -> None:
    text = listed(desk, mark, "linux-64/python-3.12.7", "tiny-tool", "six-1.16")
    lock = desk.lock(explicit__txt=text)
    assert pins(lock) == ["python=3.12.7", "six=1.16.0", "tiny-tool=1.0"]
    assert ("has no hash" in desk.said) is (mark is nothing)


def test_a_package_whose_name_is_a_path_is_refused(desk: Desk) -> None:
    text = listed(desk, sha256, "linux-64/python-3.12.7").replace("linux-64/py", "linux-64/..%2F%2e%2e%2Fpy")
    with pytest.raises(CondaPackageMalformed, match="name of its file"):
        desk.lock(explicit__txt=text)


def test_a_list_whose_md5_does_not_fit_is_refused(desk: Desk) -> None:
    text = listed(desk, lambda _: "#" + "0" * 32, "linux-64/python-3.12.7")
    with pytest.raises(ArtifactCorrupt):
        desk.lock(explicit__txt=text)


def test_each_platform_has_its_list(desk: Desk) -> None:
    files = {
        "conda-linux-64__lock": listed(desk, md5, "linux-64/python-3.12.7"),
        "conda-linux-aarch64__lock": listed(desk, md5, "linux-aarch64/python-3.12.9"),
    }
    assert [pins(desk.lock(target, more=files)) for target in (TRIXIE, ARM)] == [
        ["python=3.12.7"],
        ["python=3.12.9"],
    ]


def test_a_list_of_one_platform_stands_beside_its_environment(desk: Desk) -> None:
    files = {
        "environment__yml": ENVIRONMENT,
        "conda-linux-64__lock": listed(desk, md5, "linux-64/python-3.12.7", "linux-64/numpy"),
    }
    here, there = desk.lock(more=files), desk.lock(ARM, more=files)
    assert pins(here) == ["numpy=2.1.0", "python=3.12.7"]
    assert pins(here, WHEEL) == ["served=1.0", "small=1.0"]
    assert pins(there) == ["numpy=2.1.0", "python=3.12.9"]


def test_a_platform_without_list_or_environment_is_an_error(desk: Desk) -> None:
    with pytest.raises(EnvironmentInvalid, match="nothing in the source is for linux/arm64"):
        desk.lock(ARM, more={"conda-linux-64__lock": listed(desk, md5, "linux-64/python-3.12.7")})


def test_a_list_of_another_platform_is_an_error(desk: Desk) -> None:
    with pytest.raises(EnvironmentInvalid, match="it is for linux-64, and the image is for linux-aarch64"):
        desk.lock(ARM, explicit__txt=listed(desk, md5, "linux-64/python-3.12.7"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("python=3.12", "it is no URL"),
        ("https://x.example/linux-64/python.conda", "it does not end in <name>-<version>-<build>.conda"),
        ("https://x.example/linux-64/python-3-0.whl", "it does not end in"),
        ("https://x.example/linux-64/python-3-0.conda#xyz", "neither an md5 nor a sha256"),
        ("https://x.example:port/linux-64/python-3-0.conda", "host or port of the URL cannot be read"),
    ],
)
def test_a_line_of_a_list_that_is_none_is_named(desk: Desk, line: str, said: str) -> None:
    with pytest.raises(EnvironmentInvalid, match=re.escape(said)):
        desk.lock(explicit__txt=f"@EXPLICIT\n{line}\n")


def test_a_list_without_python_is_an_error(desk: Desk) -> None:
    with pytest.raises(EnvironmentInvalid, match="it has no python"):
        desk.lock(explicit__txt=listed(desk, md5, "tiny-tool"))


def test_a_list_with_a_python_of_old_is_an_error(desk: Desk) -> None:
    with pytest.raises(PythonOutOfRange, match=r"python 3\.9\.1"):
        desk.lock(explicit__txt=listed(desk, md5, "linux-64/python-3.9.1"))


def test_an_option_that_contradicts_a_list_is_an_error(desk: Desk) -> None:
    with pytest.raises(PythonConflict):
        desk.lock(python="3.13", explicit__txt=listed(desk, md5, "linux-64/python-3.12.7"))


def test_a_list_that_is_no_list_for_its_environment_any_more_is_outdated(desk: Desk) -> None:
    text = listed(desk, md5, "linux-64/python-3.12.7").replace(
        "@EXPLICIT", f"# input_hash: {'0' * 64}\n@EXPLICIT"
    )
    with pytest.raises(LockOutdated):
        desk.lock(more={"environment__yml": ENVIRONMENT, "conda-linux-64__lock": text})


def test_a_local_wheel_of_the_source_is_named_from_there(desk: Desk) -> None:
    make_wheel(desk.root / "wheels", "mine", "1.0")
    text = ENVIRONMENT.replace("small<2", "./wheels/mine-1.0-py3-none-any.whl")
    assert "url: ./wheels/mine-1.0-py3-none-any.whl" in relock(desk, text)
    assert "mine=1.0" in pins(desk.lock(), WHEEL)


@pytest.fixture
def grown(desk: Desk, tmp_path: Path) -> Desk:
    """A desk whose lock was made before its channel and index got newer versions."""
    own, wheels = tmp_path / "grown", tmp_path / "wheels"
    shutil.copytree(desk.channel, own)
    desk.channel = own
    make_wheel(wheels, "fresh", "1.0")
    desk.index = replace(desk.index, find_links=(str(wheels),))
    relock(desk, GROWING)
    for name in ("six", "tiny-tool"):
        write_package(own, name, "2.0", noarch="python", files=python_distribution(name, "2.0"))
    index_channel(own)
    make_wheel(wheels, "fresh", "2.0")
    return desk


GROWING = "channels: [tests]\ndependencies: [python=3.12, numpy, six, tiny-tool, {pip: [fresh]}]\n"


@pytest.mark.parametrize(
    ("upgrade", "versions"),
    [
        ((), ["fresh=1.0", "six=1.17.0", "tiny-tool=1.0"]),
        (("six",), ["fresh=1.0", "six=2.0", "tiny-tool=1.0"]),
        (("fresh",), ["fresh=2.0", "six=1.17.0", "tiny-tool=1.0"]),
        (("*",), ["fresh=2.0", "six=2.0", "tiny-tool=2.0"]),
    ],
)
def test_a_lock_made_anew_keeps_what_it_may(
    grown: Desk, upgrade: tuple[str, ...], versions: list[str]
) -> None:
    lock = grown.lock(relocked=True, upgrade=upgrade)
    found = [*pins(lock), *pins(lock, WHEEL)]
    assert sorted(pin for pin in found if pin.partition("=")[0] in ("fresh", "six", "tiny-tool")) == versions


def test_what_the_environment_now_asks_for_is_newer_all_the_same(grown: Desk) -> None:
    lock = grown.lock(relocked=True, environment__yml=GROWING.replace("six", "six>=2"))
    assert {"six=2.0", "tiny-tool=1.0"} <= set(pins(lock))


def test_an_upgrade_of_what_no_lock_has_is_an_error(grown: Desk) -> None:
    with pytest.raises(UpgradeUnknown, match="sixx"):
        grown.lock(relocked=True, upgrade=("sixx",))


def test_what_is_built_from_the_source_is_not_in_its_lock(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    text = ENVIRONMENT.replace("small<2", "-e .")
    wheel = Artifact("mine", "1.0", "file:///built/mine-1.0-py3-none-any.whl", Digest.of(b""), kind=PROJECT)
    desk.root.mkdir()
    (desk.root / "environment.yml").write_text(text)
    lock = Lock("conda", "", "3.12", "linux/amd64", Digest.of(b""), (wheel,))
    assert "mine" not in exported(desk, lock)
    assert capfd.readouterr().err == ""
