"""Measures an environment of conda, from its file to layers, against py-rattler installing the same.

usage: python -m benchmarks.conda [--runs 5]        (in the checkout's environment, extra `conda`)

Thirty packages of a channel on this disk, the real Python of this machine among them; the store is empty but
for the base image, the peer's cache is empty too. Neither side makes bytecode.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.conda_channel import make_channel, python_root, python_version

from .resolve import Act, Command, command, table

MODEL = "class Model:\n    def predict(self, X, names=None):\n        return X\n"
INSTALL = """
import asyncio, sys
from pathlib import Path
from rattler import Channel, Gateway, Platform, install, solve
channel, prefix, cache, *specs = sys.argv[1:]
async def main():
    platforms = [Platform("linux-64"), Platform("noarch")]
    gateway = Gateway(cache_dir=Path(cache))
    records = await solve([Channel(channel)], specs, platforms=platforms, gateway=gateway)
    await install(records, prefix, cache_dir=cache, show_progress=False)
asyncio.run(main())
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each side (default 5)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seldon-benchmark-") as name:
        table("environment of 30 packages, cold", sides(Path(name)), options.runs)


def sides(folder: Path) -> dict[str, tuple[Act, Act]]:
    """Make both sides: ours locks, and locks and packs; the peer solves and installs."""
    channel = make_channel(Path(".venv"))
    files = Path(channel.removeprefix("file://")).glob("*/*-*.*")
    names = sorted({path.name.rsplit("-", 2)[0] for path in files} - {"python"})
    minor = ".".join(python_version(python_root()).split(".")[:2])
    specs = [*names, f"python {minor}.*"]
    model, base, store = folder / "model", folder / "base", folder / "store"
    model.mkdir()
    (model / "Model.py").write_text(MODEL)
    lines = "".join(f"  - {spec}\n" for spec in specs)
    (model / "environment.yml").write_text(f"channels: [conda-forge]\ndependencies:\n{lines}")
    command("base", "create", "run", "--output", f"oci:{base}", "--store", folder / "seed", "--quiet")()
    ours = (
        *("--channel-alias", f"conda-forge={channel}", "--run-image", f"oci:{base}"),
        *("--store", store, "--quiet"),
    )
    empty = partial(emptied, folder, "store", "layout", "prefix", "cache")
    peer = [sys.executable, "-c", INSTALL, channel, str(folder / "prefix"), str(folder / "cache"), *specs]
    return {
        "`seldon-python lock`": (empty, command("lock", model, "--lock-file", folder / "lock.yml", *ours)),
        "`seldon-python build --no-bytecode`": (
            empty,
            command("build", model, "model", "--no-bytecode", "--output", f"oci:{folder / 'layout'}", *ours),
        ),
        "py-rattler: solve and install": (empty, Command(peer)),
    }


def emptied(folder: Path, *names: str) -> None:
    """Leave nothing of an earlier run."""
    subprocess.run(["rm", "-rf", *(str(folder / name) for name in names)], check=True)


if __name__ == "__main__":
    main()
