"""The labels and config of the Cloud Native Buildpacks lifecycle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from seldon_builder.entry import file
from seldon_builder.image import Image
from seldon_builder.layer import Layer, LayerKind
from seldon_builder.layers import cnb
from seldon_builder.layers.packing import cache_key, layer_from_entries
from seldon_builder.layers.sbom import sbom_layer
from seldon_builder.store import Store
from seldon_runtime.runtime import Port

from tests.layer_reading import contents, members

# No release of the library that writes it may change these bytes: they are in the digest of every image.
METADATA_TOML = """\
buildpack-default-process-type = "web"
buildpacks = [
    { api = "0.10", id = "seldon/python", version = "1.2.3" },
]

[[processes]]
args = []
buildpack-id = "seldon/python"
command = [
    "/layers/seldon_python/dependencies/bin/python",
    "-m",
    "seldon_runtime",
]
direct = true
type = "web"
working-dir = "/workspace"
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def layer(store: Store, kind: LayerKind, name: str) -> Layer:
    return layer_from_entries(store, cache_key(name), kind, name, [file(f"/workspace/{name}", name.encode())])


@pytest.fixture
def base(store: Store) -> Image:
    image = Image("amd64").with_layers(layer(store, LayerKind.BASE, "base"))
    return image.with_config(
        User="8888:0", Env=["PATH=/usr/bin", "A=base"], Labels={"io.buildpacks.rebasable": "true"}
    )


@pytest.fixture
def image(store: Store, base: Image) -> Image:
    kinds = (LayerKind.RUNTIME, LayerKind.WEIGHTS, LayerKind.APP)
    layers = [layer(store, kind, kind.value) for kind in kinds]
    built = base.with_layers(*layers[:1], sbom_layer("{}", store), *layers[1:], *cnb.config_layers(store))
    variables, ports = {"MODEL_NAME": "Iris", "A": "mine"}, [Port("http", 9000, "P"), Port("grpc", 5001, "G")]
    return cnb.configured(built, base, cnb.RunImage("run:1", "run:1"), variables, ports)


def by_kind(image: Image, kind: LayerKind) -> list[str]:
    return [str(layer.diff_id) for layer in image.layers if layer.kind is kind]


def test_the_lifecycles_label_names_the_layers_by_diff_id(image: Image, base: Image) -> None:
    label = json.loads(image.labels["io.buildpacks.lifecycle.metadata"])

    assert [app["sha"] for app in label["app"]] == by_kind(image, LayerKind.WEIGHTS) + by_kind(
        image, LayerKind.APP
    )
    assert label["buildpacks"][0]["layers"]["runtime"]["sha"] == by_kind(image, LayerKind.RUNTIME)[0]
    assert [label["config"]["sha"], label["process-types"]["sha"]] == by_kind(image, LayerKind.CONFIG)
    assert label["sbom"]["sha"] == by_kind(image, LayerKind.SBOM)[0]
    assert label["runImage"]["topLayer"] == str(base.layers[-1].diff_id)


def test_the_settings_and_the_bases_variables_are_the_environment(image: Image) -> None:
    found = image.environment

    assert (found["MODEL_NAME"], found["A"], found["CNB_APP_DIR"]) == ("Iris", "mine", "/workspace")
    assert found["PATH"].startswith("/cnb/process:")
    assert found["PATH"].endswith(":/usr/bin")


def test_the_ports_of_the_runtimes_are_exposed(image: Image) -> None:
    assert image.config["ExposedPorts"] == {"5001/tcp": {}, "9000/tcp": {}}


def test_the_user_of_the_base_and_its_labels_stay(image: Image) -> None:
    assert image.config["User"] == "8888:0"
    assert image.labels["io.buildpacks.rebasable"] == "true"


def test_there_is_one_history_entry_per_layer(image: Image) -> None:
    config = json.loads(image.config_bytes)

    assert len(config["history"]) == len(config["rootfs"]["diff_ids"]) == len(image.layers)
    assert all(entry["created_by"] for entry in config["history"])


def test_the_entrypoint_is_in_the_image_and_may_be_executed(image: Image) -> None:
    (entrypoint,) = (path.lstrip("/") for path in image.config["Entrypoint"])
    found = {name.lstrip("/"): member for name, member in members(image.layers[-1]).items()}
    scripts = {name.lstrip("/"): data for name, data in contents(image.layers[-1]).items()}

    assert found[entrypoint].mode & 0o111
    assert b"seldon_runtime" in scripts[entrypoint]


def test_the_launchers_configuration_has_these_bytes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cnb, "__version__", "1.2.3")
    found = contents(cnb.config_layers(store)[0])

    assert {path: data.decode() for path, data in found.items()} == {
        "/layers/config/metadata.toml": METADATA_TOML
    }


def test_images_whose_environment_is_activated_source_its_script_first(store: Store) -> None:
    script = contents(cnb.config_layers(store, "/layers/x/activate")[1])["/cnb/process/web"].decode()

    assert script.splitlines()[-2] == ". /layers/x/activate"
    assert script.splitlines()[-1].startswith("exec ")
    assert "activate" not in contents(cnb.config_layers(store)[1])["/cnb/process/web"].decode()
