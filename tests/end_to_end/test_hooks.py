"""The hooks of a platform: it hears what a build does, and may refuse its image."""

from __future__ import annotations

from pathlib import Path

import pytest
from seldon_builder import Detection, Event, EventKind, Image, Refusal, hookimpl
from seldon_builder.destination import Output
from seldon_builder.errors.layers import TooManyLayers
from seldon_builder.errors.plugins import ImageRefused
from seldon_builder.events import silent
from seldon_builder.lifecycle import Workshop, base_of, build, model_of
from seldon_builder.order import Order
from seldon_builder.plugins import load_plugins
from seldon_builder.reference import Reference
from seldon_builder.store import Store

pytestmark = pytest.mark.network


class SizePolicy:
    """No image over a size."""

    def __init__(self, most: int) -> None:
        self.most = most

    @hookimpl
    def seldon_check(self, image: Image) -> Refusal | None:
        size = sum(layer.unpacked_size for layer in image.layers)
        return Refusal("size", f"{size} bytes are too many", "leave data out") if size > self.most else None


class Listener:
    def __init__(self) -> None:
        self.ended: list[str] = []

    @hookimpl
    def seldon_event(self, event: Event) -> None:
        if event.kind is EventKind.ENDED:
            self.ended.append(event.phase)


def ordered(repository: Path, layout: Path) -> Order:
    return Order(repository / "examples/mean", Output("oci", Reference.parse("mean:1"), str(layout)))


def test_a_refused_image_is_not_written(repository: Path, shared_store: Path, tmp_path: Path) -> None:
    plugins = load_plugins()
    plugins.register(SizePolicy(most=1000))
    workshop = Workshop(plugins, Store(shared_store), silent)

    with pytest.raises(ImageRefused, match="bytes are too many"):
        build(ordered(repository, tmp_path / "layout"), workshop)

    assert not (tmp_path / "layout").exists()


def test_a_listener_hears_every_phase_in_order(repository: Path, shared_store: Path, tmp_path: Path) -> None:
    plugins, listener = load_plugins(), Listener()
    plugins.register(listener)
    plugins.register(SizePolicy(most=10**12))
    workshop = Workshop(plugins, Store(shared_store), lambda event: plugins.hook.seldon_event(event=event))

    build(ordered(repository, tmp_path / "layout"), workshop)

    assert listener.ended == ["detect", "base", "lock", "layers", "write"]


class OldPython:
    """A resolver whose files ask for a Python."""

    @hookimpl
    def seldon_detect(self) -> Detection:
        return Detection("old", ("old.txt",), "always", requires_python="==3.11.*")


def test_the_python_that_a_resolver_asks_for_chooses_the_base(
    repository: Path, shared_store: Path, tmp_path: Path
) -> None:
    plugins = load_plugins()
    plugins.register(OldPython())
    workshop = Workshop(plugins, Store(shared_store), silent)
    order = ordered(repository, tmp_path / "layout")

    chosen = base_of(order, model_of(order, workshop), workshop)

    assert chosen.target.python == "3.11"


def test_an_image_of_too_many_layers_is_refused(
    repository: Path, shared_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seldon_builder.lifecycle.MOST_LAYERS", 5)
    workshop = Workshop(load_plugins(), Store(shared_store), silent)

    with pytest.raises(TooManyLayers, match="at most 5 fit"):
        build(ordered(repository, tmp_path / "layout"), workshop)
