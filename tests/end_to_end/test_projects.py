"""A project with a package of its own: what an edit costs, and how long its lock holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Seldon, layers_of

pytestmark = [pytest.mark.docker, pytest.mark.network]
KILOBYTES = 64 << 10


def test_an_edit_changes_kilobytes_and_no_lock(
    seldon: Seldon, copied: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = copied("examples/pyproject")
    assert seldon("lock", folder).code == 0

    def built(edited: str) -> dict[str, int]:
        with (folder / edited).open("a") as file:
            file.write("\nEDITED = True\n")
        layout = tmp_path / Path(edited).stem
        done = seldon("build", folder, "trend:1", "--output", f"oci:{layout}")
        assert done.code == 0, done.err
        assert "Using pylock.toml of the source" in done.err
        return {layer["digest"]: layer["size"] for layer in layers_of(layout)}

    model, package = built("Trend.py"), built("src/lags/__init__.py")

    changed = {digest: size for digest, size in package.items() if digest not in model}
    # The wheel, its bytecode, the bill of materials and the code.
    assert len(changed) == 4
    assert sum(changed.values()) < KILOBYTES
