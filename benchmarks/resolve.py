"""Measures locks, and builds for another architecture, against peers in the same run.

usage: python -m benchmarks.resolve [--runs 5]        (in the checkout's environment; the network once)

The lock is that of scikit-learn and pandas with the runtime's needs for Python 3.13 on linux/amd64, offline,
every cache full; the builds are of a model with these, without bytecode, their bases made before.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pluggy
from seldon_builder import hookspecs
from seldon_builder.dependencies.resolution import ask
from seldon_builder.dependencies.resolver import Resolver
from seldon_builder.detection import Detection, Requirement
from seldon_builder.events import silent
from seldon_builder.package_index import PackageIndex
from seldon_builder.store import Store
from seldon_builder.target import Target
from seldon_plugins.engines import uv
from seldon_plugins.engines.uv_resolution import platform_of
from seldon_runtime.plugins import requirements

REQUIREMENTS = ("scikit-learn", "pandas")
TARGET = Target("amd64", "3.13.5", "2.41")
MODEL = "class Model:\n    def predict(self, X, names=None):\n        return X\n"
Act = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each side (default 5)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seldon-benchmark-") as name:
        folder = Path(name)
        table("lock, warm", locks(folder), options.runs)
        table("build, cold but for the base", builds(folder), options.runs)


def table(title: str, sides: dict[str, tuple[Act, Act]], runs: int) -> None:
    """Run the sides by turns, each after its preparation, and print the median, least and most seconds."""
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(runs + 1):
        for side, (prepare, act) in sides.items():
            prepare()
            began = time.perf_counter()
            act()
            seconds[side].append(time.perf_counter() - began)
    print(f"| {title} | median, s | least | most |\n|---|---:|---:|---:|")
    for side, (_, *counted) in seconds.items():
        print(f"| {side} | {statistics.median(counted):.3f} | {min(counted):.3f} | {max(counted):.3f} |")
    print()


def locks(folder: Path) -> dict[str, tuple[Act, Act]]:
    """Make the sides of the lock: ours as the builder calls it and as a command, and the peers' commands."""
    store, model = Store(folder / "store"), written(folder / "model")
    file, lines = folder / "all.in", (*REQUIREMENTS, *requirements())
    file.write_text("\n".join(lines) + "\n")
    seldon = command("lock", model, "--store", store.root, "--quiet", "--lock-file", folder / "pylock.toml")
    seldon()
    asked = Detection("none", (), "", tuple(Requirement(line, "requirements.txt") for line in REQUIREMENTS))
    wanted = ask(asked, requirements())
    resolve(store, wanted, offline=False)
    peer_uv = [
        *("uv", "pip", "compile", "--quiet", "--offline", "--format", "pylock.toml", str(file)),
        *("--python-version", TARGET.python_version, "--python-platform", platform_of(TARGET)),
        *("--only-binary", ":all:", "--python", sys.executable, "--no-config"),
        *("--cache-dir", str(store.root / "uv"), "--output-file", str(folder / "pylock.peer.toml")),
    ]
    peer_pip = [
        *(sys.executable, "-m", "piptools", "compile", "--quiet", "--no-config", "--strip-extras"),
        *("--cache-dir", str(folder / "pip-tools"), "--output-file", str(folder / "peer.txt"), str(file)),
    ]
    return {
        "seldon-python, engine uv": (nothing, lambda: resolve(store, wanted, offline=True)),
        "`seldon-python lock --refresh --offline`, whole command": (
            nothing,
            command(*seldon.arguments, "--refresh", "--offline"),
        ),
        "`uv pip compile --offline`, one resolution": (
            lambda: (folder / "pylock.peer.toml").unlink(missing_ok=True),
            Command(peer_uv),
        ),
        "`pip-compile`, for this machine's Python": (
            lambda: (folder / "peer.txt").unlink(missing_ok=True),
            Command(peer_pip, PIP_CACHE_DIR=str(folder / "pip")),
        ),
    }


def resolve(store: Store, wanted: Detection, *, offline: bool) -> None:
    """Lock as a build does: what the model asks for, then that with the runtime's needs."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(uv)
    resolver = Resolver(
        TARGET, PackageIndex(offline=offline), "uv", manager.hook, store, silent, refresh=True
    )
    resolver.resolve(wanted, resolver.alone(wanted))


def builds(folder: Path) -> dict[str, tuple[Act, Act]]:
    """Make the sides of the build: each platform from an empty store that knows only its base."""
    model, seed = written(folder / "model"), folder / "seed"
    sides: dict[str, tuple[Act, Act]] = {}
    for architecture in ("amd64", "arm64"):
        base = folder / f"base-{architecture}"
        platform = ("--platform", f"linux/{architecture}")
        command("base", "create", "run", *platform, "--output", f"oci:{base}", "--store", seed, "--quiet")()

        def prepare(architecture: str = architecture) -> None:
            for name in ("store", "out"):
                subprocess.run(["rm", "-rf", str(folder / f"{name}-{architecture}")], check=True)

        sides[f"linux/{architecture}"] = (
            prepare,
            command(
                *(
                    "build",
                    model,
                    "model",
                    *platform,
                    "--run-image",
                    f"oci:{base}",
                    "--no-bytecode",
                    "--quiet",
                ),
                *("--store", folder / f"store-{architecture}"),
                *("--output", f"oci:{folder / f'out-{architecture}'}"),
            ),
        )
    return sides


class Command:
    """A command that must end well; calling it runs it."""

    def __init__(self, arguments: list[str], **environment: str) -> None:
        self.arguments, self._environment = arguments, {**os.environ, **environment}

    def __call__(self) -> None:
        done = subprocess.run(self.arguments, env=self._environment, capture_output=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(self.arguments)} failed:\n{done.stderr.decode()}")


def command(*arguments: object) -> Command:
    """Make a call of the command line; arguments of one of its own are taken as they are."""
    ours = [sys.executable, "-P", "-m", "seldon_builder"]
    words = [str(argument) for argument in arguments]
    return Command(words if words[: len(ours)] == ours else [*ours, *words])


def written(model: Path) -> Path:
    """Write the model."""
    model.mkdir(exist_ok=True)
    (model / "Model.py").write_text(MODEL)
    (model / "requirements.txt").write_text("\n".join(REQUIREMENTS) + "\n")
    return model


def nothing() -> None:
    """Prepare nothing."""


if __name__ == "__main__":
    main()
