"""Environments of this machine that hold the packages of a lock."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from seldon_builder.digest import Digest
from seldon_builder.errors.running import EnvironmentFailed, PythonUnsuitable
from seldon_builder.errors.store import BlobCorrupt
from seldon_builder.events import Event, silent
from seldon_builder.local.local_environment import environment_for
from seldon_builder.lock import Artifact, Lock
from seldon_builder.store import Store

from tests.wheelhouse import make_wheel

PYTHON = ".".join(platform.python_version_tuple()[:2])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def lock_of(store: Store, *wheels: Path, python: str = PYTHON, kind: str = "wheels") -> Lock:
    return Lock(
        kind, "uv", python, "linux/amd64", Digest.of(b""), tuple(stored(store, wheel) for wheel in wheels)
    )


def stored(store: Store, wheel: Path) -> Artifact:
    name, version = wheel.name.split("-")[:2]
    # As indexes write URLs: the plus sign of a local version is escaped.
    url = f"https://127.0.0.1/{wheel.name.replace('+', '%2B')}"
    return Artifact(name.replace("_", "-"), version, url, store.add(wheel.read_bytes()))


def kept(store: Store) -> list[str]:
    return [path.name for path in (store.root / "environments").iterdir()]


def run(environment: Path, code: str) -> str:
    python = environment / "bin" / "python"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_its_progress_is_a_whole_sentence(store: Store, tmp_path: Path) -> None:
    events: list[Event] = []
    environment_for(lock_of(store, make_wheel(tmp_path, "one")), store, sys.executable, events.append)

    assert [event.message for event in events] == ["Installing 1 package into an environment to serve in"]


def test_an_environment_holds_exactly_the_locked_wheels(store: Store, tmp_path: Path) -> None:
    wheels = [
        make_wheel(tmp_path, "one-thing", files={"one_thing/__init__.py": b"NAME = 'one'"}),
        make_wheel(tmp_path, "other", "2.0+cpu", requires=("never-locked",)),
    ]
    environment = environment_for(lock_of(store, *wheels), store, sys.executable, silent)
    code = (
        "import one_thing, importlib.metadata as m; "
        "print(one_thing.NAME, *(one.name for one in m.distributions()))"
    )

    assert sorted(run(environment, code).split()) == ["one", "one-thing", "other"]


def test_its_modules_are_compiled_already(store: Store, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "compiled", files={"compiled/__init__.py": b"X = 1"})
    environment = environment_for(lock_of(store, wheel), store, sys.executable, silent)
    code = "import compiled, os; print(os.path.exists(compiled.__cached__), compiled.__file__)"

    assert run(environment, code).split()[0] == "True"
    assert run(environment, code).split()[1].startswith(str(environment))


def test_the_same_lock_has_the_same_environment(store: Store, tmp_path: Path) -> None:
    lock = lock_of(store, make_wheel(tmp_path, "one"))
    events: list[Event] = []
    first = environment_for(lock, store, sys.executable, silent)
    second = environment_for(lock, store, sys.executable, events.append)

    assert first == second
    assert [event.message for event in events] == ["Reusing the environment: the lock has not changed"]


def test_a_reused_environment_counts_as_used(store: Store, tmp_path: Path) -> None:
    lock = lock_of(store, make_wheel(tmp_path, "one"))
    place = environment_for(lock, store, sys.executable, silent)
    os.utime(place, (0, 0))
    environment_for(lock, store, sys.executable, silent)

    assert place.stat().st_mtime > 0


def test_another_lock_has_another_environment(store: Store, tmp_path: Path) -> None:
    one = environment_for(lock_of(store, make_wheel(tmp_path, "one")), store, sys.executable, silent)
    two = environment_for(lock_of(store, make_wheel(tmp_path, "one", "2.0")), store, sys.executable, silent)

    assert one != two


def test_two_at_once_make_one_environment(store: Store, tmp_path: Path) -> None:
    lock = lock_of(store, make_wheel(tmp_path, "one", files={"one/__init__.py": b""}))
    made: list[Path] = []

    def make() -> None:
        made.append(environment_for(lock, store, sys.executable, silent))

    threads = [threading.Thread(target=make) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 3
    assert kept(store) == [made[0].name]
    assert run(made[0], "import one") == ""


def test_a_damaged_wheel_leaves_no_environment(store: Store, tmp_path: Path) -> None:
    lock = lock_of(store, make_wheel(tmp_path, "one"))
    blob = store.blob(lock.artifacts[0].sha256).path
    blob.chmod(0o600)
    blob.write_bytes(make_wheel(tmp_path / "other", "one", files={"one/evil.py": b""}).read_bytes())

    with pytest.raises(BlobCorrupt):
        environment_for(lock, store, sys.executable, silent)
    assert (kept(store), blob.exists()) == ([], False)


@pytest.mark.parametrize("python", [sys.executable, "/nowhere/python"])
def test_an_interpreter_of_another_version_is_refused(store: Store, tmp_path: Path, python: str) -> None:
    lock = lock_of(store, make_wheel(tmp_path, "one"), python="2.7")

    with pytest.raises(PythonUnsuitable, match=r"the lock wants 2\.7"):
        environment_for(lock, store, python, silent)


def test_a_lock_of_another_kind_needs_an_image(store: Store) -> None:
    with pytest.raises(EnvironmentFailed, match="conda"):
        environment_for(lock_of(store, kind="conda"), store, sys.executable, silent)
