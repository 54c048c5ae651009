from __future__ import annotations

from pathlib import Path

import pytest
from seldon_builder.dependencies.provided import modules_of
from seldon_builder.digest import Digest
from seldon_builder.errors.layers import WheelMalformed
from seldon_builder.lock import Artifact, Lock
from seldon_builder.store import Store

from tests.layer_reading import demo, stored


def lock_of(artifact: Artifact) -> Lock:
    return Lock("wheels", "uv", "3.13", "linux/amd64", Digest.of(b""), (artifact,))


def test_modules_are_found_wherever_an_installer_puts_them(tmp_path: Path) -> None:
    store = Store(tmp_path)
    wheel = demo({"one.py": b"", "two/__init__.py": b"", "demo-1.0.data/purelib/three.so": b""})

    assert modules_of(lock_of(stored(store, wheel)), store) == {"one", "two", "three"}


def test_a_zip_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    wheel = bytearray(demo({"demo.py": b"x"}))
    wheel[wheel.rindex(b"PK\x01\x02") + 6] = 99

    with pytest.raises(WheelMalformed, match=r"demo-1\.0"):
        modules_of(lock_of(stored(store, bytes(wheel))), store)
