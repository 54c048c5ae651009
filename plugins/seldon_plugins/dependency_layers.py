"""The layers of grouped artifacts of any kind, packed while their bytecode is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from seldon_builder.digest import Digest
from seldon_builder.events import Emit, decision, progress
from seldon_builder.layer import Layer, LayerKind
from seldon_builder.layers.bytecode import Recipe, bytecode_layer, is_compiled
from seldon_builder.layers.compiling import Compiler
from seldon_builder.layers.planner import Group
from seldon_builder.layers.wheel import wheel_layer, wheels_key
from seldon_builder.lock import CONDA, WHEEL, Artifact
from seldon_builder.store import Store
from seldon_builder.target import Target

Task = Callable[[], Layer | None]


@dataclass(frozen=True)
class Packing:
    """How artifacts of one kind become a layer: its key, what makes it, its bytecode (None: as wheels)."""

    key: Callable[[Sequence[Artifact]], Digest]
    layer: Callable[[Sequence[Artifact], str], Layer]
    recipe: Recipe | None = None


@dataclass(frozen=True)
class Floor:
    """What the layers of dependencies are made with, and the packing of each kind of artifact."""

    target: Target
    store: Store
    compiler: Compiler | None
    emit: Emit
    packings: Mapping[str, Packing]

    def packing(self, group: Group) -> Packing:
        """Return how a group is packed; a project's wheel is a wheel."""
        kind = group.artifacts[0].kind
        return self.packings[CONDA if kind == CONDA else WHEEL]


def wheel_packing(target: Target, store: Store) -> Packing:
    """Return how wheels are packed."""
    return Packing(
        lambda artifacts: wheels_key(artifacts, target.python),
        lambda artifacts, created_by: wheel_layer(store, artifacts, target, created_by),
    )


def layers_of(groups: Sequence[Group], floor: Floor) -> tuple[Layer, ...]:
    """Make the layers of ``groups``, bottom first, and those of their bytecode where there is a compiler."""
    tasks = {group: partial(_bytecode, group, floor) for group in groups} if floor.compiler else {}
    waiting = [group for group in tasks if not _is_compiled(group, floor)]
    with _in_background([tasks[group] for group in waiting]) as compiled:
        packed: dict[Group, Layer | None] = dict(zip(groups, _pack(groups, floor), strict=True))
        made = dict(zip(waiting, _told(compiled, waiting, floor.emit), strict=True))
    bytecode = {group: made[group] if group in made else task() for group, task in tasks.items()}
    # What is built of the source changes with it, and nothing that does not may lie above.
    return tuple(
        layer
        for is_built in (False, True)
        for layers in (packed, bytecode)
        for group, layer in layers.items()
        if layer and group.is_built == is_built
    )


def _bytecode(group: Group, floor: Floor) -> Layer | None:
    assert floor.compiler is not None, "without a compiler there are no tasks"
    return bytecode_layer(
        floor.store,
        group.artifacts,
        floor.target,
        floor.compiler,
        f"Bytecode of {group.name}",
        floor.packing(group).recipe,
    )


def _is_compiled(group: Group, floor: Floor) -> bool:
    assert floor.compiler is not None, "without a compiler there are no tasks"
    recipe = floor.packing(group).recipe
    filed = (recipe.filed,) if recipe else ()
    return is_compiled(floor.store, group.artifacts, floor.compiler.identity, *filed)


def _pack(groups: Sequence[Group], floor: Floor) -> list[Layer]:
    emit = floor.emit

    def is_known(group: Group) -> bool:
        key = floor.packing(group).key(group.artifacts)
        return floor.store.known_layer(key, LayerKind.DEPENDENCIES, group.name) is not None

    missing = {group for group in groups if not is_known(group)}
    if len(missing) < len(groups):
        emit(decision("layers", f"Reusing {len(groups) - len(missing)} of {len(groups)} dependency layers"))
    done, total, layers = 0, sum(group.size for group in missing), []
    for group in groups:
        if group in missing:
            emit(progress("layers", f"Packing {group.name}", done, total))
            done += group.size
        layers.append(floor.packing(group).layer(group.artifacts, group.name))
    if missing:
        emit(progress("layers", f"Packed {len(missing)} dependency layers", done, total))
    return layers


def _told(compiled: Iterator[Layer | None], groups: Sequence[Group], emit: Emit) -> Iterator[Layer | None]:
    done, total = 0, sum(group.size for group in groups)
    for group in groups:
        emit(progress("bytecode", f"Compiling {group.name}", done, total))
        yield next(compiled)
        done += group.size
    if groups:
        emit(progress("bytecode", f"Compiled {len(groups)} dependency layers", done, total))


@contextmanager
def _in_background(tasks: Sequence[Task]) -> Iterator[Iterator[Layer | None]]:
    """Work on ``tasks`` while the caller does something else, which then takes their results in order."""
    if not tasks:
        yield iter(())
        return
    from concurrent.futures import ThreadPoolExecutor

    # Two, so that one's processes compile while the other packs what is compiled.
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(task) for task in tasks]
        try:
            yield (future.result() for future in futures)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
