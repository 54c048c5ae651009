from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from seldon_builder.digest import Digest
from seldon_builder.errors.layers import WheelMalformed
from seldon_builder.events import Event, EventKind, silent
from seldon_builder.layer import Layer, LayerKind
from seldon_builder.lock import PROJECT, Artifact, Lock
from seldon_builder.store import Store
from seldon_builder.target import Target
from seldon_plugins.wheels import seldon_layers

from tests.layer_reading import LocalInterpreter, demo, stored, wheel_bytes

HERE = LocalInterpreter()
TARGET = Target("amd64", HERE.version, "2.41")
NOISE = bytes(n * 7919 % 251 for n in range(1 << 20))


def wheel(name: str, *requires: str, size: int = 0) -> bytes:
    """Make a wheel, of a MiB of what does not compress if ``size`` is given."""
    metadata = "".join(f"Requires-Dist: {line}\n" for line in requires)
    info = f"{name}-1.0.dist-info"
    files = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{metadata}".encode(),
        f"{name}.py": f"NAME = {name!r}\n".encode(),
        f"{name}.bin": NOISE[:size],
    }
    return wheel_bytes(files, 0)


def lock_of(*artifacts: Artifact) -> Lock:
    return Lock("wheels", "uv", TARGET.python, "linux/amd64", Digest.of(b""), artifacts)


def made(
    store: Store, artifacts: Sequence[Artifact], *, interpreter: LocalInterpreter | None = None
) -> list[Layer]:
    layers = seldon_layers(lock_of(*artifacts), TARGET, store, interpreter, silent)
    assert layers is not None
    return list(layers)


def model(store: Store) -> list[Artifact]:
    return [
        stored(store, wheel("big", size=1 << 20), "big"),
        stored(
            store,
            wheel("uvicorn", "h11", "colorama; sys_platform == 'win32'", "x; extra == 'all'"),
            "uvicorn",
        ),
        stored(store, wheel("h11"), "h11"),
        stored(store, wheel("joblib"), "joblib"),
        stored(store, wheel("x"), "x"),
    ]


def test_a_lock_of_another_kind_is_left_to_others(tmp_path: Path) -> None:
    store = Store(tmp_path)

    assert seldon_layers(replace(lock_of(), kind="conda"), TARGET, store, None, silent) is None


def test_layers_lie_in_their_order_with_bytecode_on_top(tmp_path: Path) -> None:
    store = Store(tmp_path)

    layers = made(store, model(store), interpreter=LocalInterpreter())

    names = ["big 1.0", "2 small packages of the server", "2 small packages of the model"]
    assert [layer.created_by for layer in layers] == [*names, *(f"Bytecode of {name}" for name in names)]
    assert [layer.kind for layer in layers] == [LayerKind.DEPENDENCIES] * 3 + [LayerKind.BYTECODE] * 3


def test_what_is_built_of_the_source_lies_above_all_that_is_not(tmp_path: Path) -> None:
    store = Store(tmp_path)
    project = replace(stored(store, wheel("churn", size=1 << 20), "churn"), kind=PROJECT)

    layers = made(store, [project, *model(store)[:2]], interpreter=HERE)

    assert [layer.created_by for layer in layers][-2:] == ["churn 1.0", "Bytecode of churn 1.0"]


def test_two_models_share_the_layers_of_what_they_share(tmp_path: Path) -> None:
    store = Store(tmp_path)
    one, other = model(store), [*model(store)[:3], stored(store, wheel("six"), "six")]

    shared = {layer.digest for layer in made(store, one, interpreter=HERE)}
    shared &= {layer.digest for layer in made(store, other, interpreter=HERE)}

    # The big wheel and the server's small ones, each with its bytecode.
    assert len(shared) == 4


def test_a_warm_build_reads_no_wheel_and_starts_no_interpreter(tmp_path: Path) -> None:
    store, interpreter = Store(tmp_path), LocalInterpreter()
    artifacts = model(store)
    first = made(store, artifacts, interpreter=interpreter)
    runs = len(interpreter.runs)
    for artifact in artifacts:
        store.blob(artifact.sha256).path.unlink()

    again = made(store, artifacts, interpreter=interpreter)

    assert again == first
    assert all(layer.reused for layer in again)
    assert len(interpreter.runs) == runs


def test_what_is_done_and_what_is_reused_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path)
    artifacts = model(store)
    made(store, artifacts[:1])
    events: list[Event] = []

    seldon_layers(lock_of(*artifacts), TARGET, store, HERE, events.append)

    decisions = [event.message for event in events if event.kind is EventKind.DECISION]
    packed = [event for event in events if event.kind is EventKind.PROGRESS and event.phase == "layers"]
    compiled = [event for event in events if event.kind is EventKind.PROGRESS and event.phase == "bytecode"]
    assert decisions == ["Reusing 1 of 3 dependency layers"]
    assert packed[0].message == "Packing 2 small packages of the server"
    assert packed[-1].done == packed[-1].total == sum(artifact.size for artifact in artifacts[1:])
    assert compiled[-1].done == compiled[-1].total == sum(artifact.size for artifact in artifacts)


@pytest.mark.parametrize("interpreter", [None, HERE])
def test_a_malformed_wheel_ends_the_build(tmp_path: Path, interpreter: LocalInterpreter | None) -> None:
    store = Store(tmp_path)
    harmful = stored(store, demo({"../evil": b""}, "harmful"), "harmful")

    with pytest.raises(WheelMalformed):
        made(store, [*model(store), harmful], interpreter=interpreter)
