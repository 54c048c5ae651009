"""What of a model folder takes part, and what cannot."""

from __future__ import annotations

import os
import re
import socket
import tempfile
from pathlib import Path

import pytest
from seldon_builder.errors import SeldonError
from seldon_builder.errors.source import (
    FileNameNotText,
    FileUnreadable,
    SettingInvalid,
    SourceEmpty,
    SourceMissing,
    SpecialFile,
    SymlinkLeavesSource,
)
from seldon_builder.events import Event, silent
from seldon_builder.inputs.settings_reading import read_settings
from seldon_builder.inputs.source_reading import read_source
from seldon_builder.source import LARGEST_SETTINGS, Source


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "Iris.py").write_text("class Iris: ...\n")
    return folder


def paths(folder: Path) -> list[str]:
    return [str(file.path) for file in read_source(folder, silent).files]


def write(path: Path, text: str = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_files_come_sorted_with_their_folders(model: Path) -> None:
    write(model / "b/inner/file")
    write(model / "a.txt")
    (model / "empty").mkdir()

    assert paths(model) == ["Iris.py", "a.txt", "b", "b/inner", "b/inner/file", "empty"]


@pytest.mark.parametrize(("mode", "kept"), [(0o600, 0o664), (0o755, 0o775), (0o100 | 0o400, 0o775)])
def test_the_mode_says_only_whether_a_file_is_a_program(model: Path, mode: int, kept: int) -> None:
    (model / "Iris.py").chmod(mode)

    assert read_source(model, silent).files[0].mode == kept


def test_a_huge_file_is_not_read(model: Path) -> None:
    with (model / "weights.bin").open("wb") as sparse:
        sparse.truncate(5 << 30)

    assert {str(file.path): file.size for file in read_source(model, silent).files}["weights.bin"] == 5 << 30


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match=r"no folder .*nowhere") as raised:
        read_source(tmp_path / "nowhere", silent)
    assert raised.value.exit_code == 11


def test_a_file_is_no_folder(model: Path) -> None:
    with pytest.raises(SourceMissing, match="is a file, not a folder"):
        read_source(model / "Iris.py", silent)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceEmpty, match="holds no files"):
        read_source(tmp_path, silent)


def test_a_folder_of_ignored_files_says_that_they_are_ignored(model: Path) -> None:
    write(model / ".dockerignore", "*\n")

    with pytest.raises(SourceEmpty, match="all 2 paths") as raised:
        read_source(model, silent)
    assert raised.value.left_out == 2


def test_a_link_inside_stays_a_link(model: Path) -> None:
    write(model / "weights/v1.pkl")
    (model / "weights/latest.pkl").symlink_to("v1.pkl")
    (model / "current").symlink_to("weights")

    links = {str(file.path): file.link for file in read_source(model, silent).files if file.link}

    assert links == {"current": "weights", "weights/latest.pkl": "v1.pkl"}


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../secret", "../model/Iris.py", "sub/../../secret", "down/up"]
)
def test_a_link_that_would_be_broken_in_the_image_is_refused(model: Path, target: str) -> None:
    write(model / "sub/file")
    write(model.parent / "secret")
    (model / "down").mkdir()
    (model / "down/up").symlink_to("../..")
    (model / "link").symlink_to(target)

    with pytest.raises(SymlinkLeavesSource) as raised:
        read_source(model, silent)
    assert ("link", target) in raised.value.links
    assert f"link -> {target}" in raised.value.message


def test_a_loop_of_links_ends(model: Path) -> None:
    (model / "a").symlink_to("b")
    (model / "b").symlink_to("a")
    (model / "self").symlink_to(".")

    assert paths(model) == ["Iris.py", "a", "b", "self"]


def test_pipes_and_sockets_are_named_together(model: Path) -> None:
    os.mkfifo(model / "queue")
    here = Path.cwd()
    os.chdir(model)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("server.sock")
    finally:
        os.chdir(here)

    with pytest.raises(SpecialFile) as raised:
        read_source(model, silent)
    assert raised.value.files == (("queue", "named pipe"), ("server.sock", "socket"))


def test_names_that_are_not_text_are_shown_escaped(model: Path) -> None:
    Path(os.fsdecode(os.fsencode(model) + b"/caf\xe9.csv")).write_text("x")
    (model / "link").symlink_to(os.fsdecode(b"t\xff"))

    with pytest.raises(FileNameNotText) as raised:
        read_source(model, silent)
    assert raised.value.names == ("caf\\xe9.csv", "link -> t\\xff")
    str(raised.value).encode()


def read_as_nobody(folder: Path) -> str:
    """Read ``folder`` in a child process without root's rights; return what went wrong."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
        try:
            read_source(folder, silent)
        except SeldonError as error:
            os.write(writing, f"{error.exit_code} {error.message}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as answer:  # noqa: PTH123  # a pipe has no path
        text = answer.read().decode()
    os.waitpid(child, 0)
    return text


def test_unreadable_files_are_named_together() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        write(folder / "secret")
        write(folder / "private/file")
        (folder / "secret").chmod(0)
        (folder / "private").chmod(0)
        found = read_as_nobody(folder)
        (folder / "private").chmod(0o700)

    assert found.split("\n") == [
        f"{FileUnreadable.exit_code} These cannot be read (Permission denied):",
        "  private/",
        "  secret",
    ]


def test_an_ignored_pipe_does_no_harm(model: Path) -> None:
    os.mkfifo(model / "queue")
    write(model / ".dockerignore", "queue\n")

    assert paths(model) == [".dockerignore", "Iris.py"]


NEVER = [
    ".s2i/environment", ".git/HEAD", "sub/.git", "whl/a.whl", "wheels/a.whl", "bindings/a/type", "pip.conf",
    "sub/pip.conf", "uv.toml", ".netrc", ".venv/bin/x", "venv/bin/x", "env/pyvenv.cfg", "__pycache__/a.pyc",
    "sub/a.pyc", ".DS_Store", "Iris.py~", ".Iris.py.swp", "#Iris.py#", "iris.oci/oci-layout", ".idea/x",
]  # fmt: skip


@pytest.mark.parametrize("path", NEVER)
def test_what_is_never_part_of_an_image_stays_out_whatever_rules_say(model: Path, path: str) -> None:
    write(model / path)
    write(model / ".dockerignore", f"!{path}\n")

    assert [found for found in paths(model) if found not in ("sub", ".dockerignore")] == ["Iris.py"]


def test_what_is_left_out_can_still_be_read(model: Path) -> None:
    write(model / ".s2i/environment", "MODEL_NAME=Iris\n")

    assert read_source(model, silent).read(".s2i/environment") == b"MODEL_NAME=Iris\n"


def test_a_package_called_bindings_is_code(model: Path) -> None:
    write(model / "bindings/__init__.py")

    assert "bindings/__init__.py" in paths(model)


def test_local_wheels_that_are_left_out_are_told_of(model: Path) -> None:
    write(model / "whl/own-1.0-py3-none-any.whl")
    write(model / ".git/HEAD")
    told: list[Event] = []

    read_source(model, told.append)

    assert [event.message for event in told] == ["Never part of an image: whl/ (docs/source.md)"]


def test_a_broken_project_file_is_a_seldon_error(model: Path) -> None:
    write(model / "project.toml", "[io\n")

    with pytest.raises(SeldonError, match="line 1"):
        read_source(model, silent)


SETTINGS_FILES = (".s2i/environment", ".s2iignore", ".dockerignore", "project.toml")


@pytest.mark.parametrize("name", SETTINGS_FILES)
@pytest.mark.parametrize("kind", ["pipe", "folder", "link", "huge"])
def test_a_settings_file_that_is_no_file_of_the_folder_is_refused(
    tmp_path: Path, name: str, kind: str
) -> None:
    root, outside = tmp_path / "model", tmp_path / "outside"
    place = root / name
    place.parent.mkdir(parents=True)
    (root / "Model.py").write_text("class Model: ...\n")
    outside.write_text("A=1\n")
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    elif kind == "link":
        place.symlink_to(outside)
    else:
        place.touch()
        os.truncate(place, LARGEST_SETTINGS + 1)

    with pytest.raises((FileUnreadable, SettingInvalid), match=re.escape(name)):
        read_settings(read_source(root, silent))


@pytest.mark.parametrize("name", SETTINGS_FILES)
def test_a_settings_file_may_be_a_link_within_the_folder(tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    place.parent.mkdir(exist_ok=True)
    (tmp_path / "Model.py").write_text("class Model: ...\n")
    (tmp_path / "real").write_text("# nothing\n")
    place.symlink_to(os.path.relpath(tmp_path / "real", place.parent))

    assert read_settings(read_source(tmp_path, silent)).find("A") is None


def test_a_pipe_that_took_the_place_of_a_file_does_not_hold_the_build_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "Model.py")

    with pytest.raises(OSError, match="not a regular file"):
        Source(tmp_path, ()).read("Model.py")
