"""``seldon-python serve``, up to the server's start: what it makes, says and refuses."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from seldon_builder.cli import USAGE, parser, run
from seldon_builder.cli.caller import Caller
from seldon_builder.cli.serve import Preparation
from seldon_builder.dependencies.pylock import ExportedLock, write_pylock
from seldon_builder.detection import Requirement
from seldon_builder.digest import Digest
from seldon_builder.errors.resolution import LockOutdated, PackageNotFound
from seldon_builder.errors.running import PythonUnsuitable
from seldon_builder.lock import Artifact, Lock
from seldon_runtime.plugins import requirements

from .wheelhouse import Index, make_wheel, serve

VERSION = platform.python_version()
PYTHON = VERSION.rpartition(".")[0]
OTHER = "3.13" if PYTHON != "3.13" else "3.11"
MODEL = "class {}:\n    def predict(self, X):\n        return X\n"


class Folder:
    """A model's folder, prepared to be served from an index of this machine."""

    def __init__(self, root: Path, index: Index, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self._capsys = root, capsys
        self.caller = Caller({"PIP_INDEX_URL": index.simple}, root, terminal=False)
        options = parser(["serve"]).parse_args(["serve", str(root), "--store", str(root.parent / "store")])
        self.prepare = Preparation(options, self.caller)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def said(self) -> str:
        return self._capsys.readouterr().err

    def export(self, python: str = PYTHON, system: str = "linux/amd64", *facts: str) -> None:
        """Write a lock that was made for this, of other requirements."""
        one = Artifact("one", "1.0", "https://127.0.0.1/one-1.0-py3-none-any.whl", Digest.of(b"one"))
        lock = Lock("wheels", "uv", python, system, Digest.of(b"asked"), (one,))
        self.write("pylock.toml", write_pylock(ExportedLock(lock, (f"python {python}", *facts)), self.root))


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    wheels = tmp_path / "index"
    for line in requirements():
        make_wheel(wheels, Requirement(line, "").name, "99.0")
    make_wheel(wheels, "added")
    with serve(wheels) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, index: Index, capsys: pytest.CaptureFixture[str]) -> Folder:
    (tmp_path / "model").mkdir()
    made = Folder(tmp_path / "model", index, capsys)
    made.write("Model.py", MODEL.format("Model"))
    made.write("requirements.txt", "")
    return made


def installed(environment: Path) -> set[str]:
    return {path.name.partition("-")[0] for path in environment.glob("lib/*/site-packages/*.dist-info")}


def test_added_requirements_make_another_environment(folder: Folder) -> None:
    first = folder.prepare().environment
    folder.write("requirements.txt", "added\n")
    second = folder.prepare().environment

    assert installed(second) - installed(first) == {"added"}


def test_an_edit_of_code_alone_keeps_the_environment_and_says_nothing_twice(folder: Folder) -> None:
    first = folder.prepare().environment
    folder.prepare()
    folder.said()
    folder.write("Model.py", MODEL.format("Model") + "\n")

    assert (folder.prepare().environment, folder.said()) == (first, "")


def test_a_renamed_class_and_an_edited_setting_are_taken_up(folder: Folder) -> None:
    before = folder.prepare().variables["MODEL_NAME"]
    (folder.root / "Model.py").unlink()
    folder.write("Renamed.py", MODEL.format("Renamed"))
    folder.write(".s2i/environment", "RATE=2\n")
    after = folder.prepare().variables

    assert (before, after["MODEL_NAME"], after["RATE"]) == ("Model", "Renamed", "2")


def test_a_requirement_that_nobody_has_is_mended_by_the_next_edit(folder: Folder) -> None:
    first = folder.prepare()
    folder.write("requirements.txt", "never-made\n")
    with pytest.raises(PackageNotFound):
        folder.prepare()
    folder.write("requirements.txt", "")
    folder.said()

    assert folder.prepare() == first
    assert "Serving with" not in folder.said()


def test_only_the_first_time_asks_the_engine_anew(folder: Folder) -> None:
    folder.prepare.order = replace(folder.prepare.order, refresh=True)
    folder.prepare()
    folder.said()
    folder.prepare()

    assert "Locked" not in folder.said()


@pytest.mark.parametrize(
    ("python", "system", "fact", "told"),
    [
        (OTHER, "linux/amd64", "", f"Python {OTHER}"),
        (PYTHON, "linux/s390x", "", "linux/s390x"),
        (PYTHON, "linux/amd64", "glibc 99.9", "glibc 99.9"),
        (OTHER, "linux/amd64", "glibc 99.9", f"Python {OTHER}"),
    ],
)
def test_a_lock_for_another_machine_is_not_used(
    folder: Folder, python: str, system: str, fact: str, told: str
) -> None:
    folder.export(python, "linux/amd64", *filter(None, [fact]))
    path = folder.root / "pylock.toml"
    path.write_text(path.read_text().replace('"linux/amd64"', f'"{system}"'))
    environment = folder.prepare().environment

    assert installed(environment)
    assert f"pylock.toml is for {told}; serving with Python {VERSION} of this machine" in folder.said()


def test_a_lock_for_this_machine_is_held_to(folder: Folder) -> None:
    folder.export()

    with pytest.raises(LockOutdated):
        folder.prepare()


@pytest.mark.skipif(PYTHON == "3.13", reason="this machine has the default image's Python")
def test_another_python_than_the_default_images_is_told(folder: Folder) -> None:
    folder.prepare()

    assert f"Serving with Python {VERSION} of this machine (the image gets Python 3.13)" in folder.said()


def test_the_python_that_the_image_gets_too_is_not_told(folder: Folder) -> None:
    folder.write(".python-version", PYTHON)
    folder.prepare()

    assert "Serving with" not in folder.said()


def test_a_wish_for_another_python_is_a_warning(folder: Folder) -> None:
    folder.write(".python-version", OTHER)
    folder.prepare()

    assert (
        f"warning: Serving with Python {VERSION} of this machine; .python-version wants {OTHER}"
        in folder.said()
    )


def test_a_model_that_excludes_this_python_is_refused(folder: Folder) -> None:
    folder.write("pyproject.toml", '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.99"\n')

    with pytest.raises(PythonUnsuitable, match=r"requires-python .*wants >=3\.99") as caught:
        folder.prepare()
    assert "seldon-python build" in caught.value.hint


@pytest.mark.parametrize(
    "option", ["--python=3.11", "--platform=linux/arm64", "--run-image=x", "--mirror=x", "--force"]
)
def test_what_only_an_image_has_is_no_option(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["serve", ".", option])

    assert (ended.value.code, option in capsys.readouterr().err) == (USAGE, True)


def test_files_outside_of_the_folder_are_named_to_be_watched(tmp_path: Path) -> None:
    given = ["serve", str(tmp_path), "-E", str(tmp_path / "a"), "--platform-env", str(tmp_path / "b")]
    made = Preparation(parser(["serve"]).parse_args(given), Caller({}, tmp_path, terminal=False))

    assert made.places == (tmp_path / "a", tmp_path / "b")
