"""The same input gives the same image, anywhere and at any time; a change moves only what it must."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Seldon, layers_of

pytestmark = pytest.mark.network
Copied = Callable[[str], Path]


def test_two_places_two_stores_and_two_clocks_give_one_digest(
    seldon: Seldon, copied: Copied, tmp_path: Path, shared_store: Path
) -> None:
    model = copied("examples/iris")
    assert seldon("lock", model).code == 0
    elsewhere = tmp_path / "another name" / "deeper"
    shutil.copytree(model, elsewhere)
    for path in elsewhere.rglob("*"):
        os.utime(path, (86400, 86400))
        if path.is_file():
            path.chmod(0o600)
    base = tmp_path / "base"
    assert seldon("base", "create", "base", "--output", f"oci:{base}").code == 0

    moved = tmp_path / "moved" / "base"
    shutil.copytree(base, moved)

    first = seldon("build", model, "a:1", "--output", f"oci:{tmp_path / 'a'}", "--run-image", f"oci:{base}")
    foreign = {**os.environ, "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    second = seldon(
        "build", elsewhere, "b:2", "--output", f"oci:{tmp_path / 'b'}",
        "--run-image", f"oci:{moved}", store=tmp_path / "store", env=foreign, umask=0o077,
    )  # fmt: skip

    assert first.digest == second.digest


def test_models_share_the_layer_of_numpy(seldon: Seldon, repository: Path, tmp_path: Path) -> None:
    for name in ("iris", "mean"):
        seldon("build", repository / "examples" / name, name, "--output", f"oci:{tmp_path / name}")

    iris = {layer["digest"]: layer["size"] for layer in layers_of(tmp_path / "iris")}
    shared = {layer["digest"] for layer in layers_of(tmp_path / "mean")} & set(iris)

    # The base and numpy are the only big layers of the numpy-only model.
    assert len([digest for digest in shared if iris[digest] > 5_000_000]) >= 2


def test_a_code_edit_adds_only_small_layers(seldon: Seldon, copied: Copied, tmp_path: Path) -> None:
    model = copied("examples/iris")
    layout = tmp_path / "layout"
    seldon("build", model, "iris", "--output", f"oci:{layout}")
    before = {layer["digest"] for layer in layers_of(layout)}
    with (model / "Iris.py").open("a") as code:
        code.write("\n# an edit\n")

    shutil.rmtree(layout)
    seldon("build", model, "iris", "--output", f"oci:{layout}")

    added = [layer for layer in layers_of(layout) if layer["digest"] not in before]
    assert len(added) == 1
    assert added[0]["size"] < 20_000


def test_a_warm_store_needs_no_network_at_all(seldon: Seldon, repository: Path, tmp_path: Path) -> None:
    online = seldon("build", repository / "examples/iris", "iris", "--output", f"oci:{tmp_path / 'a'}")

    offline = seldon(
        "build", repository / "examples/iris", "iris", "--output", f"oci:{tmp_path / 'b'}",
        wrapper=("unshare", "--net", "--map-root-user"),
    )  # fmt: skip

    assert offline.digest == online.digest


# In a process of its own: a process inherits the peak of the one that it was forked from, here the tests'.
MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024))
sys.exit(code)
"""


def test_a_cold_build_stays_under_300_megabytes(seldon: Seldon, repository: Path, tmp_path: Path) -> None:
    base, peak = tmp_path / "base", tmp_path / "peak"
    seldon("base", "create", "base", "--output", f"oci:{base}")

    outcome = seldon(
        "build", repository / "examples/iris", "iris", "--output", f"oci:{tmp_path / 'layout'}",
        "--run-image", f"oci:{base}", store=tmp_path / "store",
        wrapper=(sys.executable, "-c", MEASURE, str(peak)),
    )  # fmt: skip

    assert outcome.code == 0, outcome.err
    assert 20_000_000 < int(peak.read_text()) < 300_000_000
