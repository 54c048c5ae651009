"""Documents that others wrote: each fault is told, none is passed on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from seldon_builder.digest import Digest
from seldon_builder.entry import Bytes
from seldon_builder.image import Image
from seldon_builder.layer import GZIP_LAYER
from seldon_builder.media.manifests import Descriptor, Malformed, children, document_of, image_of

BLOB = Digest.of(b"layer")
LAYER = {"digest": str(BLOB), "size": 5, "mediaType": GZIP_LAYER}
CONFIG = {
    "architecture": "amd64",
    "rootfs": {"diff_ids": [str(Digest.of(b"files"))]},
    "config": {"Env": ["A=b=c", "ODD"], "Labels": {"a": "b"}, "User": "1000"},
}


def read(manifest: dict[str, Any], config: dict[str, Any]) -> Image:
    return image_of(manifest, config, lambda _: Bytes(b"layer"))


def test_a_good_image_keeps_what_its_config_says() -> None:
    image = read({"layers": [LAYER]}, CONFIG)
    assert image.config == CONFIG["config"]
    assert (image.environment, image.labels) == ({"A": "b=c"}, {"a": "b"})


@pytest.mark.parametrize("nothing", [{}, {"config": None}, {"config": {"Env": None, "Labels": None}}])
def test_a_config_that_says_nothing_is_a_good_one(nothing: dict[str, Any]) -> None:
    bare = {"architecture": "amd64", "rootfs": CONFIG["rootfs"], **nothing}
    assert read({"layers": [LAYER]}, bare).labels == {}


@pytest.mark.parametrize(
    "change",
    [
        {"config": [1]},
        {"config": "text"},
        {"config": {"Env": "A=b"}},
        {"config": {"Env": [1]}},
        {"config": {"Env": ["A=\0"]}},
        {"config": {"Labels": ["x"]}},
        {"config": {"Labels": {"a": 5}}},
        {"architecture": 5},
        {"variant": ["v8"]},
        {"rootfs": 5},
        {"rootfs": {"diff_ids": "sha256"}},
        {"rootfs": {"diff_ids": [5]}},
        {"rootfs": {"diff_ids": [str(BLOB), str(BLOB)]}},
    ],
)
def test_a_config_of_another_shape_is_malformed(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read({"layers": [LAYER]}, {**CONFIG, **change})


@pytest.mark.parametrize("layers", [5, {"a": "b"}, [5], [None], "text"])
def test_layers_that_are_none_are_malformed(layers: object) -> None:
    with pytest.raises(Malformed):
        read({"layers": layers}, CONFIG)


def test_an_image_without_layers_is_no_base() -> None:
    with pytest.raises(Malformed, match="no layers"):
        read({"layers": []}, {**CONFIG, "rootfs": {"diff_ids": []}})


def test_a_layer_of_an_unknown_kind_is_named() -> None:
    with pytest.raises(Malformed, match=r"'application/x\.encrypted'"):
        read({"layers": [{**LAYER, "mediaType": "application/x.encrypted"}]}, CONFIG)


@pytest.mark.parametrize(
    "change",
    [
        {"size": "5"},
        {"size": -1},
        {"size": True},
        {"size": 5.0},
        {"size": 10**30},
        {"digest": 5},
        {"digest": "sha256:../../etc"},
        {"mediaType": 5},
        {"platform": "linux"},
        {"platform": {"os": 5}},
        {"annotations": ["x"]},
    ],
)
def test_a_descriptor_of_another_shape_is_malformed(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        Descriptor.parse({**LAYER, **change})


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 500 + b"1" + b"}" * 500,
        b'{"size": NaN}',
        b"[]",
        b"\xff",
        b'{"size": ' + b"1" * 5000 + b"}",
    ],
)
def test_what_others_could_not_read_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        document_of(body)


def test_a_size_beyond_all_numbers_is_malformed() -> None:
    document = document_of(json.dumps({"manifests": [LAYER]}).replace(": 5,", ": 1e999,").encode())
    with pytest.raises(Malformed, match="the size of"):
        children(document)
