"""Which Python is wanted, and which base has it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from seldon_builder.base.choice import SUITES, choose_suite
from seldon_builder.errors.base import PythonConflict, PythonNotOffered
from seldon_builder.inputs.python_version import Wanted, wanted_python
from seldon_builder.settings import Setting, Settings
from seldon_builder.source import Source, SourceFile
from seldon_builder.target import SUPPORTED_PYTHONS

PROJECT = "pyproject.toml"


def wanted(tmp_path: Path, files: dict[str, str], option: str = "", setting: str = "") -> Wanted:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    source = Source(tmp_path, tuple(SourceFile(PurePosixPath(name), 0o644) for name in sorted(files)))
    items = (Setting("BP_CPYTHON_VERSION", setting, "-e"),) if setting else ()
    return wanted_python(source, Settings(items), option)


def requires(specifier: str) -> str:
    return f'[project]\nname = "model"\nrequires-python = "{specifier}"\n'


@pytest.mark.parametrize(
    ("files", "version", "exact", "origin"),
    [
        ({}, "", "", ""),
        ({".python-version": "3.11\n"}, "3.11", "", ".python-version"),
        ({".python-version": "# ours\n\n3.11.7  # patched\n3.13\n"}, "3.11", "3.11.7", ".python-version"),
        ({".python-version": "cpython-3.13.1"}, "3.13", "3.13.1", ".python-version"),
        ({".python-version": "3.13-dev"}, "3.13", "", ".python-version"),
        ({".python-version": "\n"}, "", "", ""),
        ({"runtime.txt": "python-3.11.7"}, "3.11", "3.11.7", "runtime.txt"),
        ({"runtime.txt": "python-3.13\n"}, "3.13", "", "runtime.txt"),
        ({".python-version": "3.11", "runtime.txt": "python-3.11.9"}, "3.11", "", ".python-version"),
        ({PROJECT: requires(">=3.11")}, "", "", "requires-python in pyproject.toml"),
        ({PROJECT: "[tool.ruff]\n"}, "", "", ""),
        ({PROJECT: "not = toml = at all"}, "", "", ""),
    ],
)
def test_files_say_which_python(
    tmp_path: Path, files: dict[str, str], version: str, exact: str, origin: str
) -> None:
    found = wanted(tmp_path, files)

    assert (found.version, found.exact, found.origin) == (version, exact, origin)


def test_the_option_stands_above_the_setting_and_that_above_the_files(tmp_path: Path) -> None:
    files = {".python-version": "3.12", "runtime.txt": "python-3.10.1"}

    assert wanted(tmp_path, files, "3.13", "3.11") == Wanted("3.13", origin="--python")
    assert wanted(tmp_path, files, "", "3.11.*") == Wanted("3.11", origin="BP_CPYTHON_VERSION")


def test_files_that_disagree_are_an_error_with_both_names(tmp_path: Path) -> None:
    with pytest.raises(
        PythonConflict, match=r"\.python-version asks for Python 3\.11, but runtime\.txt has 3\.13\.2"
    ):
        wanted(tmp_path, {".python-version": "3.11", "runtime.txt": "python-3.13.2"})


@pytest.mark.parametrize("option", ["", "3.11"])
def test_requires_python_must_agree(tmp_path: Path, option: str) -> None:
    files = {PROJECT: requires(">=3.12"), ".python-version": "3.11"}

    with pytest.raises(PythonConflict, match=r"3\.11, but requires-python in pyproject\.toml has >=3\.12"):
        wanted(tmp_path, files, option)


@pytest.mark.parametrize(
    ("specifier", "suite"),
    [
        ("", "trixie"),
        (">=3.9", "trixie"),
        (">=3.9,<3.13", "bookworm"),
        ("~=3.11.4", "bookworm"),
        (">=3.13.2", "trixie"),
    ],
)
def test_the_first_suite_that_serves_is_taken(specifier: str, suite: str) -> None:
    assert choose_suite(Wanted(specifier=specifier)) == suite


@pytest.mark.parametrize(
    "wish",
    [
        Wanted("3.12", origin="--python"),
        Wanted("3.8", origin=".python-version"),
        Wanted("pypy3.10", origin=".python-version"),
        Wanted(specifier=">=3.14", origin="requires-python in pyproject.toml"),
        Wanted(specifier="nonsense", origin="requires-python in pyproject.toml"),
    ],
    ids=str,
)
def test_a_python_that_no_base_has_is_an_error_with_the_ways_out(wish: Wanted) -> None:
    with pytest.raises(PythonNotOffered) as caught:
        choose_suite(wish)

    text = str(caught.value)
    assert all(way in text for way in ("--run-image", "--python 3.13", f"change {wish.origin}", str(wish)))


def test_what_is_no_version_reaches_the_user_as_it_was_written(tmp_path: Path) -> None:
    with pytest.raises(PythonNotOffered, match=r"miniconda3-latest \(\.python-version\)"):
        choose_suite(wanted(tmp_path, {".python-version": "miniconda3-latest"}))


def test_every_suite_has_a_supported_python() -> None:
    assert set(SUITES.values()) <= set(SUPPORTED_PYTHONS)


@pytest.mark.parametrize(
    ("specifier", "python", "expected"),
    [
        ("", "3.13.5", True), (">=3.13.2", "3.13", True), (">=3.13.2", "3.13.1", False),
        ("==3.13.*", "3.13.5", True), ("<3.13", "3.13", False), (">3.13", "3.13", True),
    ],
)  # fmt: skip
def test_specifiers_take_minor_and_whole_versions(specifier: str, python: str, expected: bool) -> None:
    assert Wanted(specifier=specifier).allows(python) is expected


def test_a_pyproject_that_no_parser_can_follow_wishes_for_nothing(tmp_path: Path) -> None:
    assert wanted(tmp_path, {"pyproject.toml": "a = " + "[" * 20000}) == Wanted()


def test_a_wish_with_a_password_is_kept_without_it(tmp_path: Path) -> None:
    found = wanted(tmp_path, {"runtime.txt": "http://user:s3cr3t@host/3.11"})

    assert str(found) == "http://***@host/3.11"
