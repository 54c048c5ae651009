"""The environment of a build: its requirements in a virtual environment of the build image's Python."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

from ..entry import Entry
from ..layers.wheel_archive import open_wheel
from ..layers.wheel_content import wheel_entries
from ..lock import Lock
from ..prefix import DEPENDENCIES, PYTHON
from ..store import Store
from ..target import Target


def lay_environment(folder: Path, inside: str, lock: Lock, target: Target, store: Store) -> None:
    """Install the wheels of ``lock`` into ``folder``, which the build sees at ``inside``; nothing runs."""
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(
        f"home = {PurePosixPath(target.python_path).parent}\n"
        "include-system-site-packages = false\n"
        f"version = {target.python_version}\n"
    )
    for artifact in lock.artifacts:
        with open_wheel(store, artifact) as wheel:
            for entry in wheel_entries(wheel, target.python):
                _write(folder, f"{inside}/bin/python", entry)
    # Last: through such a link a wheel's script of the same name would be written to this machine's Python.
    for name in ("python", "python3", f"python{target.python}"):
        (folder / "bin" / name).unlink(missing_ok=True)
        (folder / "bin" / name).symlink_to(target.python_path)


def _write(folder: Path, python: str, entry: Entry) -> None:
    place = folder / entry.path.removeprefix(f"{DEPENDENCIES}/").lstrip("/")
    if entry.content is None:
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with entry.content.open() as content, place.open("wb") as file:
        if place.parent == folder / "bin":
            first = content.readline()
            file.write(first.replace(PYTHON.encode(), python.encode()) if first[:2] == b"#!" else first)
        shutil.copyfileobj(content, file)
    place.chmod(entry.mode)
