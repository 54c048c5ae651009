"""The model's own layers are the slices of a CNB lifecycle, byte for byte."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from seldon_builder.errors.source import FileChanged
from seldon_builder.events import Event, silent
from seldon_builder.inputs.source_reading import read_source
from seldon_builder.layer import Layer, LayerKind
from seldon_builder.layers.app_layers import app_layers
from seldon_builder.store import Store

# What lifecycle 0.20.12 makes of `golden_model` in /workspace, modes normalised, with uid 8888, gid 0
# and the slices ["weights/big.bin"] and ["data/inner/scale.npy", "weights/small.pkl"].
LIFECYCLE = [
    ("Application Slice: 1", "d5e93f051941a1ffddc4dbfbb98e3aedc8a5a23eb64476f11c39d53946a14107"),
    ("Application Slice: 2", "fc81b612a5a69bfaebe5f92aec1a1cee22d5bcd1e1b95c77fb9d3b5d33ef24b1"),
    ("Application Slice: 3", "0c9d25bead4a22202f0ee4541633143585c2cfd4e195480a114f1cd9e7a3fbb8"),
]


def golden_model(root: Path) -> Path:
    for folder in ("data/inner", "data-more", "weights", "leer"):
        (root / folder).mkdir(parents=True)
    (root / "Iris.py").write_text("class Iris:\n    def predict(self, X): return X\n")
    (root / "data.csv").write_text("1,2\n")
    (root / "data/inner/scale.npy").write_bytes(bytes(300))
    (root / "data/inner/readme.txt").write_text("scales\n")
    (root / "data-more/notes").write_text("x")
    (root / "weights/big.bin").write_bytes(b"w" * (10 << 20))
    (root / "weights/small.pkl").write_bytes(b"p" * 1000)
    (root / "größe.txt").write_text("é")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o700)
    (root / "latest").symlink_to("weights/big.bin")
    (root / ("n" * 120 + ".txt")).write_text("long")
    return root


def layers(model: Path, store: Path, *weights: str) -> tuple[Layer, ...]:
    return app_layers(read_source(model, silent), Store(store), silent, weights)


def names(layer: Layer) -> list[str]:
    with layer.open() as blob, tarfile.open(fileobj=blob, mode="r:gz") as archive:
        return archive.getnames()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "Iris.py").write_text("class Iris: ...\n")
    return folder


def test_the_layers_are_those_of_the_lifecycle(tmp_path: Path) -> None:
    made = layers(golden_model(tmp_path / "model"), tmp_path / "store")

    assert [(layer.created_by, layer.diff_id.hex) for layer in made] == LIFECYCLE
    assert [layer.kind for layer in made] == [LayerKind.WEIGHTS, LayerKind.WEIGHTS, LayerKind.APP]


def test_folder_umask_and_time_do_not_enter_a_layer(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        made = layers(golden_model(tmp_path / "elsewhere/model"), tmp_path / "store")
        os.utime(tmp_path / "elsewhere/model/Iris.py", (0, 0))
    finally:
        os.umask(before)

    assert [layer.diff_id.hex for layer in made] == [digest for _, digest in LIFECYCLE]


def test_a_model_without_weights_is_one_layer(model: Path, tmp_path: Path) -> None:
    (made,) = layers(model, tmp_path / "store")

    assert (made.kind, made.created_by) == (LayerKind.APP, "Application Layer")
    assert names(made) == ["/workspace", "/workspace/Iris.py"]


def test_a_folder_of_nothing_but_weights_is_in_their_layer_alone(model: Path, tmp_path: Path) -> None:
    (model / "weights").mkdir()
    (model / "weights/a.pkl").write_bytes(b"x")

    weights, code = layers(model, tmp_path / "store")

    assert names(weights) == ["/workspace", "/workspace/weights", "/workspace/weights/a.pkl"]
    assert names(code) == ["/workspace", "/workspace/Iris.py"]


def test_a_code_edit_makes_only_the_code_layer_anew(model: Path, tmp_path: Path) -> None:
    (model / "a.pkl").write_bytes(b"x")
    first = layers(model, tmp_path / "store")
    (model / "Iris.py").write_text("class Iris: pass\n")
    second = layers(model, tmp_path / "store")

    assert [layer.reused for layer in first + second] == [False, False, True, False]
    assert first[0] == second[0]
    assert first[1].digest != second[1].digest


def test_an_unchanged_model_is_not_packed_again(model: Path, tmp_path: Path) -> None:
    first, second = layers(model, tmp_path / "store"), layers(model, tmp_path / "store")

    assert second[0].reused
    assert first == second


@pytest.mark.parametrize("change", ["mode", "link", "name"])
def test_more_than_contents_makes_a_layer_another(model: Path, tmp_path: Path, change: str) -> None:
    (model / "link").symlink_to("Iris.py")
    before = layers(model, tmp_path / "store")
    if change == "mode":
        (model / "Iris.py").chmod(0o755)
    elif change == "link":
        (model / "link").unlink()
        (model / "link").symlink_to("./Iris.py")
    else:
        (model / "Iris.py").rename(model / "Rose.py")

    assert layers(model, tmp_path / "store")[0].diff_id != before[0].diff_id


def test_the_copy_of_a_requirement_file_has_no_password(model: Path, tmp_path: Path) -> None:
    (model / "requirements.txt").write_text("--index-url https://me:hunter2@host/simple\nnumpy\n")

    (made,) = layers(model, tmp_path / "store")
    with made.open() as blob, tarfile.open(fileobj=blob, mode="r:gz") as archive:
        copied = archive.extractfile("/workspace/requirements.txt")
        content = copied.read() if copied else b""

    assert content == b"--index-url https://host/simple\nnumpy\n"


def test_another_password_makes_no_other_layer(model: Path, tmp_path: Path) -> None:
    made = []
    for password in ("one", "another"):
        (model / "requirements.txt").write_text(f"--index-url https://me:{password}@host/simple\n")
        made.append(layers(model, tmp_path / "store")[0])

    assert made[0] == made[1]


def test_what_the_user_lists_leaves_the_code_layer(model: Path, tmp_path: Path) -> None:
    (model / "vocabulary.txt").write_text("a\nb\n")

    weights, code = layers(model, tmp_path / "store", "vocabulary.txt")

    assert names(weights) == ["/workspace", "/workspace/vocabulary.txt"]
    assert names(code) == ["/workspace", "/workspace/Iris.py"]


def test_a_folder_that_is_all_weights_leaves_an_empty_last_layer(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/a.pkl").write_bytes(b"x")

    weights, rest = layers(tmp_path / "model", tmp_path / "store")

    assert names(weights) == ["/workspace", "/workspace/a.pkl"]
    assert names(rest) == []


def test_a_file_that_changes_under_the_build_is_an_error_and_leaves_nothing(
    model: Path, tmp_path: Path
) -> None:
    source = read_source(model, silent)
    (model / "Iris.py").write_text("class Iris: another\n")

    with pytest.raises(FileChanged):
        app_layers(source, Store(tmp_path / "store"), silent)
    assert list((tmp_path / "store/blobs").iterdir()) == []


def test_a_large_file_tells_how_far_it_is(model: Path, tmp_path: Path) -> None:
    with (model / "weights.bin").open("wb") as sparse:
        sparse.truncate(130 << 20)
    told: list[Event] = []

    app_layers(read_source(model, silent), Store(tmp_path / "store"), told.append)

    assert {event.message for event in told} == {"Reading weights.bin", "Packing the model"}
    assert all(0 < event.done <= event.total for event in told)
    assert len(told) < 20


def test_memory_stays_small_whatever_the_size_of_the_weights(model: Path, tmp_path: Path) -> None:
    with (model / "weights.bin").open("wb") as sparse:
        sparse.truncate(256 << 20)
    code = """
import resource, sys
from pathlib import Path
from seldon_builder.layers.app_layers import app_layers
from seldon_builder.events import silent
from seldon_builder.inputs.source_reading import read_source
from seldon_builder.store import Store
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
app_layers(read_source(Path(sys.argv[1]), silent), Store(Path(sys.argv[2])), silent)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    grown = subprocess.check_output([sys.executable, "-c", code, model, tmp_path / "store"])

    assert int(grown) < 32 << 10
