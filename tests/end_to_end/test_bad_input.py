"""What goes wrong is said in one clear error, with a code of its own, and loses nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Seldon

Spoil = Callable[[Path], str]
CODE = "class Model:\n    def predict(self, X):\n        return X\n"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "Model.py").write_text(CODE)
    return folder


def build(
    seldon: Seldon, folder: Path, *more: str | Path, image: str = "model:1", output: str = ""
) -> tuple[int, str]:
    outcome = seldon("build", folder, image, "--output", output or f"oci:{folder.parent / 'layout'}", *more)
    assert "Traceback" not in outcome.err
    assert "hint:" in outcome.err
    return outcome.code, outcome.err


def test_a_folder_that_is_not_there(seldon: Seldon, tmp_path: Path) -> None:
    code, err = build(seldon, tmp_path / "nowhere")

    assert code == 11
    assert "nowhere" in err


def test_an_empty_folder(seldon: Seldon, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()

    assert build(seldon, tmp_path / "model")[0] == 12


def no_class(folder: Path) -> str:
    (folder / "Model.py").write_text("x = 1\n")
    return "Model.py"


def two_classes(folder: Path) -> str:
    (folder / "Other.py").write_text(CODE.replace("Model", "Other"))
    return "Other"


def bad_requirements(folder: Path) -> str:
    (folder / "requirements.txt").write_text("numpy\n\nscikit-learn=>1\n")
    return "requirements.txt:3"


def leaving_link(folder: Path) -> str:
    (folder / "data").symlink_to("/etc/passwd")
    return "/etc/passwd"


def fifo(folder: Path) -> str:
    os.mkfifo(folder / "pipe")
    return "pipe"


def not_text(folder: Path) -> str:
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.txt")).write_text("x")
    return "caf"


def bad_environment(folder: Path) -> str:
    (folder / ".s2i").mkdir()
    (folder / ".s2i" / "environment").write_text("MODEL_NAME=Model\nno value here\n")
    return ".s2i/environment:2"


def bad_project(folder: Path) -> str:
    (folder / "project.toml").write_text("[io.buildpacks\n")
    return "project.toml"


def other_python(folder: Path) -> str:
    (folder / ".python-version").write_text("3.8\n")
    return ".python-version"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (leaving_link, 13), (fifo, 14), (not_text, 15), (bad_environment, 16), (no_class, 17),
        (two_classes, 18), (bad_requirements, 20), (other_python, 46), (bad_project, 72),
    ],
)  # fmt: skip
def test_a_bad_source_is_named(seldon: Seldon, model: Path, spoil: Spoil, code: int) -> None:
    expected = spoil(model)

    found, err = build(seldon, model)

    assert (found, expected in err) == (code, True), err


@pytest.mark.parametrize(("name", "code"), [("Model.Nothing", 19), ("absent.Model", 70)])
def test_a_model_name_that_leads_nowhere(seldon: Seldon, model: Path, name: str, code: int) -> None:
    found, err = build(seldon, model, "-e", f"MODEL_NAME={name}")

    assert (found, name.split(".")[0] in err) == (code, True), err


@pytest.mark.parametrize("image", ["Model", "model:a b", "https://example.com/model"])
def test_a_name_that_is_no_reference(seldon: Seldon, model: Path, image: str) -> None:
    assert build(seldon, model, image=image)[0] == 10


def test_an_output_that_nobody_knows(seldon: Seldon, model: Path) -> None:
    assert build(seldon, model, output="ftp:somewhere")[0] == 83


@pytest.mark.network
def test_a_lock_that_no_longer_matches(seldon: Seldon, model: Path) -> None:
    assert seldon("lock", model).code == 0
    (model / "requirements.txt").write_text("packaging\n")

    code, err = build(seldon, model)

    assert code == 28
    assert "packaging" in err


@pytest.mark.network
def test_a_version_that_does_not_exist(seldon: Seldon, model: Path) -> None:
    (model / "requirements.txt").write_text("packaging==0.0.1\n")

    code, err = build(seldon, model)

    assert code == 23
    assert "requirements.txt:1" in err


@pytest.mark.network
def test_two_requirements_that_cannot_both_hold(seldon: Seldon, model: Path) -> None:
    (model / "requirements.txt").write_text("scikit-learn==1.9.1\njoblib<1.0\n")

    code, err = build(seldon, model)

    assert code == 22
    assert "requirements.txt:1" in err
    assert "requirements.txt:2" in err


def test_an_index_that_is_not_there(seldon: Seldon, model: Path) -> None:
    (model / "requirements.txt").write_text("packaging\n")

    code, err = build(seldon, model, "-e", "PIP_INDEX_URL=http://127.0.0.1:9/simple", "-e", "PIP_FIND_LINKS=")

    assert code == 25
    assert "127.0.0.1:9" in err


@pytest.mark.network
def test_a_registry_that_is_not_there(seldon: Seldon, model: Path) -> None:
    code, err = build(seldon, model, image="127.0.0.1:9/model:1", output="registry")

    assert code == 50
    assert "127.0.0.1:9" in err


@pytest.mark.network
@pytest.mark.registry
def test_a_registry_that_hangs_up(seldon: Seldon, model: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        hang_up = (
            "import socket,sys\ns=socket.socket(fileno=int(sys.argv[1]))\nwhile True:\n s.accept()[0].close()"
        )
        peer = subprocess.Popen(
            [sys.executable, "-c", hang_up, str(server.fileno())], pass_fds=[server.fileno()]
        )
        try:
            code, err = build(seldon, model, image=f"127.0.0.1:{port}/model:1", output="registry")
        finally:
            peer.kill()
            peer.wait()

    assert code in (50, 53)
    assert f"127.0.0.1:{port}" in err


@pytest.mark.network
def test_a_full_disk_is_said_and_leaves_nothing_half_written(
    seldon: Seldon, model: Path, tmp_path: Path
) -> None:
    assert os.getuid() == 0, "the test mounts a small disk: run as root"
    disk, base = tmp_path / "disk", tmp_path / "base"
    disk.mkdir()
    assert seldon("base", "create", "base", "--output", f"oci:{base}").code == 0
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=True)
    try:
        outcome = seldon(
            "build", model, "model", "--output", f"oci:{tmp_path / 'layout'}", "--run-image", f"oci:{base}",
            "--no-bytecode", store=disk / "store",
        )  # fmt: skip
        blobs = [path.stat().st_size for path in (disk / "store" / "blobs").iterdir()]
    finally:
        subprocess.run(["umount", disk], check=True)

    assert outcome.code == 31, outcome.err
    assert "seldon-python store prune" in outcome.err
    assert all(blobs)


@pytest.mark.network
def test_a_damaged_blob_is_made_anew(seldon: Seldon, model: Path, tmp_path: Path) -> None:
    base, store = tmp_path / "base", tmp_path / "store"
    seldon("base", "create", "base", "--output", f"oci:{base}")
    flags = ("--run-image", f"oci:{base}", "--no-bytecode")
    first = seldon("build", model, "model", "--output", f"archive:{tmp_path / 'a.tar'}", *flags, store=store)
    biggest = max((store / "blobs").iterdir(), key=lambda path: path.stat().st_size)
    with biggest.open("r+b") as blob:
        blob.seek(5000)
        blob.write(b"\0\0\0\0damaged")

    second = seldon("build", model, "model", "--output", f"archive:{tmp_path / 'b.tar'}", *flags, store=store)

    assert second.digest == first.digest
    assert "damaged" in second.err
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()


@pytest.mark.network
@pytest.mark.parametrize("after", [0.3, 0.8, 1.6, 3.2])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_build_can_be_interrupted_at_any_point(
    seldon: Seldon, model: Path, tmp_path: Path, after: float, number: int, code: int
) -> None:
    base, store = tmp_path / "base", tmp_path / "store"
    seldon("base", "create", "base", "--output", f"oci:{base}")
    flags = ("--run-image", f"oci:{base}", "--output", f"oci:{tmp_path / 'layout'}", "--store", str(store))
    command = [sys.executable, "-P", "-m", "seldon_builder", "build", str(model), "model", *flags]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    time.sleep(after)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)

    again = seldon("build", model, "model", *flags[:4], store=store)

    # The latest moments may come after the end of a build on a fast machine.
    assert process.returncode in ((code,) if after < 1 else (code, 0))
    assert b"Traceback" not in err
    assert again.code == 0, again.err
    assert seldon("store", "verify", store=store).out.strip() == "everything is whole"
