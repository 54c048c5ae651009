"""``seldon-python download``: a folder from which an image is built with no index and an empty store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from seldon_builder.base.labels import GLIBC_VERSION, PYTHON_PATH, PYTHON_VERSION
from seldon_builder.cli import run
from seldon_builder.detection import Requirement
from seldon_builder.events import silent
from seldon_builder.media.layout import LayoutDestination
from seldon_builder.reference import Reference
from seldon_builder.store import Store
from seldon_runtime.plugins import requirements

from .sample_images import make_image
from .wheelhouse import Index, make_wheel, serve, sha256

LABELS = {PYTHON_VERSION: "3.13.5", PYTHON_PATH: "/usr/bin/python3.13", GLIBC_VERSION: "2.41"}
BOTH = "linux/amd64,linux/arm64"
COMPILED = "cp313-cp313-manylinux_2_28_{}"


class Cli:
    """The command line on a model in a folder of the test, with bases and an index of its own."""

    def __init__(self, folder: Path, index: Index, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.index, self._capsys = folder, index, capsys
        self.model = folder / "model"
        self.model.mkdir()
        (self.model / "Model.py").write_text("class Model:\n    def predict(self, X): ...\n")
        (self.model / "requirements.txt").write_text("alpha\n")
        self.out = self.err = ""

    @property
    def wheels(self) -> Path:
        return self.model / "wheels"

    def download(self, *options: str | Path, store: str = "store") -> int:
        return self._run(["download", self.model, *options], store)

    def build(self, *options: str | Path, store: str) -> int:
        target = ("--output", f"oci:{self.folder}/image", "--no-bytecode")
        return self._run(["build", self.model, "model", *target, *options], store)

    def _run(self, words: list[str | Path], store: str) -> int:
        places = ["--run-image", f"oci:{self.folder}/base", "--store", f"{self.folder}/{store}"]
        words = [*words, *places, "-e", f"PIP_INDEX_URL={self.index.simple}"]
        code = run([str(word) for word in words])
        self.out, self.err = self._capsys.readouterr()
        return code

    def names(self, folder: Path | None = None) -> list[str]:
        ours = {Requirement(line, "").name.replace("-", "_") for line in requirements()}
        names = (path.name for path in (folder or self.wheels).iterdir())
        return sorted(name for name in names if name.split("-")[0] not in ours)


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    for line in requirements():
        make_wheel(tmp_path / "index", Requirement(line, "").name, "99.0")
    for architecture in ("amd64", "arm64"):
        image = make_image(Store(tmp_path / "others")).with_config(Labels=LABELS)
        image = replace(image, architecture=architecture)
        LayoutDestination(tmp_path / "base", Reference.parse(f"base:{architecture}"), silent).write(image)
    for machine in ("x86_64", "aarch64"):
        make_wheel(tmp_path / "index", "beta", "1.0", tag=COMPILED.format(machine))
    make_wheel(tmp_path / "index", "alpha", "1.0", requires=("beta",))
    with serve(tmp_path / "index") as index:
        yield Cli(tmp_path, index, capsys)


X86, ARM = (f"beta-1.0-{COMPILED.format(machine)}.whl" for machine in ("x86_64", "aarch64"))
ALPHA = "alpha-1.0-py3-none-any.whl"


def test_the_folder_is_enough_for_a_build_without_network(cli: Cli) -> None:
    assert cli.download("--platform", "linux/amd64") == 0, cli.err
    assert cli.names() == [ALPHA, X86]
    assert cli.out.strip() == str(cli.wheels)
    cli.index.requests.clear()
    assert cli.build("--offline", "--platform", "linux/amd64", store="empty") == 0, cli.err
    assert not cli.index.requests


def test_the_command_that_builds_repeats_the_target(cli: Cli) -> None:
    assert cli.download("--platform", "linux/arm64", "--python", "3.13") == 0, cli.err
    assert f"NAME --run-image oci:{cli.folder}/base --python 3.13 --platform linux/arm64 --offline" in cli.err


def test_the_folder_holds_for_both_platforms(cli: Cli) -> None:
    assert cli.download("--platform", BOTH) == 0, cli.err
    assert cli.names() == [ALPHA, ARM, X86]
    for platform in BOTH.split(","):
        assert cli.build("--offline", "--platform", platform, store=platform[-5:]) == 0, cli.err


def test_to_fill_a_folder_again_changes_nothing_even_when_newer_are_out(cli: Cli) -> None:
    place = cli.folder / "my wheels"
    assert cli.download(place) == 0, cli.err
    before = {path: path.stat().st_mtime_ns for path in place.iterdir()}
    make_wheel(cli.index.folder, "alpha", "2.0")
    assert cli.download(place, store="another") == 0, cli.err
    assert {path: path.stat().st_mtime_ns for path in place.iterdir()} == before
    assert "Wrote 0 files" in cli.err
    assert f"{len(before)} were there" in cli.err


def test_what_a_folder_lacks_is_added_and_nothing_goes(cli: Cli) -> None:
    cli.wheels.mkdir()
    (cli.wheels / "NOTES.md").write_text("mine")
    wheel = make_wheel(cli.wheels, "alpha", "0.9")
    assert cli.download() == 0, cli.err
    assert cli.names() == ["NOTES.md", wheel.name]
    assert len(list(cli.wheels.iterdir())) > 2
    # Who has a package for themselves need not tell an index of it.
    assert not [path for _, path in cli.index.requests if "/alpha/" in path]


def test_a_folder_elsewhere_is_named_in_the_command_that_uses_it(cli: Cli) -> None:
    place = cli.folder / "my wheels"
    assert cli.download(place) == 0, cli.err
    assert f"--offline -i '{place}:/whl'" in cli.err
    assert cli.build("--offline", "-i", f"{place}:/whl", store="empty") == 0, cli.err


def test_a_file_of_the_same_name_is_left_alone_and_told(cli: Cli) -> None:
    place = cli.folder / "place"
    odd = make_wheel(place, "beta", "1.0", tag=COMPILED.format("x86_64"), files={"beta.py": b"mine"})
    line = f"beta==1.0 --hash=sha256:{sha256(cli.index.folder / X86)}\n"
    (cli.model / "requirements.txt").write_text(line)
    before = odd.read_bytes()
    code = cli.download(place, "--platform", "linux/amd64")
    assert (code, odd.read_bytes()) == (0, before), cli.err
    assert f"Not writing {odd.name}" in cli.err


def test_a_folder_that_cannot_be_written_is_an_error(cli: Cli) -> None:
    (cli.folder / "file").touch()
    assert cli.download(cli.folder / "file") == 57
    assert "Cannot write a wheel to" in cli.err


def test_an_exported_lock_still_holds_beside_the_folder_that_it_filled(cli: Cli) -> None:
    assert cli._run(["lock", cli.model, "--platform", "linux/amd64"], "store") == 0, cli.err
    make_wheel(cli.index.folder, "alpha", "2.0")
    assert cli.download("--platform", "linux/amd64") == 0, cli.err
    assert cli.names() == [ALPHA, X86]
    assert cli.build("--offline", "--platform", "linux/amd64", store="empty") == 0, cli.err
    assert "matches what is asked for" in cli.err


def test_a_wheel_that_the_exported_lock_does_not_know_outdates_it(cli: Cli) -> None:
    assert cli._run(["lock", cli.model, "--platform", "linux/amd64"], "store") == 0, cli.err
    make_wheel(cli.wheels, "alpha", "0.5")
    assert cli.build("--platform", "linux/amd64", store="store") == 28
    assert "added:   preferred wheel alpha-0.5" in cli.err


def test_an_exported_lock_names_wheels_of_the_source_by_relative_paths(cli: Cli) -> None:
    make_wheel(cli.model / "whl", "alpha", "1.0")
    assert cli._run(["lock", cli.model, "--platform", "linux/amd64"], "store") == 0, cli.err
    assert f'path = "whl/{ALPHA}"' in (cli.model / "pylock.toml").read_text()
