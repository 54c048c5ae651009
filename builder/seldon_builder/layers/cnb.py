"""The config, labels and small layers that the CNB lifecycle gives an image.

Source: the Cloud Native Buildpacks platform specification and what the lifecycle's exporter writes, so that
``pack inspect``, ``pack sbom download`` and ``pack rebase`` work on our images.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from seldon_runtime import __version__
from seldon_runtime.runtime import Port

from .. import prefix
from ..entry import Entry, file, folder
from ..image import Image
from ..layer import Layer, LayerKind
from ..store import Store
from .packing import cache_key, layer_from_entries

BUILDPACK = "seldon/python"
PLATFORM_API = "0.14"
# The lifecycle whose labels these are; `pack inspect` hides the base of images without a launcher version.
LIFECYCLE_VERSION = "0.20.12"
PROCESS = "/cnb/process"
BASE_DIGEST = "org.opencontainers.image.base.digest"
LIFECYCLE_METADATA = "io.buildpacks.lifecycle.metadata"
LAUNCHER_CONFIG = "Buildpacks Launcher Config"
BUILD_METADATA = "io.buildpacks.build.metadata"


@dataclass(frozen=True)
class Process:
    """A way to start the image: its type and the command, which needs no shell."""

    type: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class RunImage:
    """What the labels call the base: a name, and the same pinned by digest where that is known.

    Neither is a path of this machine: the same base must give the same labels wherever it lies.
    """

    name: str
    reference: str

    @classmethod
    def of(cls, base: Image, said: str) -> RunImage:
        """Name ``base``, which the user called ``said`` (``oci:DIR``, ``docker:NAME`` or a reference)."""
        digest = base.annotations.get(BASE_DIGEST, "")
        medium, _, rest = said.partition(":")
        name = "oci-layout" if medium == "oci" else rest if medium == "docker" else said
        return cls(name, f"{name.partition('@')[0]}@{digest}" if digest else name)


PROCESSES = (Process("web", (prefix.PYTHON, "-m", "seldon_runtime")),)


# Activation scripts are written for bash more often than not, and a mistake in one would end other shells.
_ACTIVATE = """[ -n "$BASH_VERSION" ] || [ ! -x /bin/bash ] || exec /bin/bash "$0" "$@"
. {}
"""


def config_layers(store: Store, activation: str = "") -> tuple[Layer, ...]:
    """Make the launcher's configuration and the start scripts, one per process.

    ``activation`` is the path of a script of the image that they source first.
    """
    key = cache_key(LAUNCHER_CONFIG, _json(_launch_metadata()))
    scripts = [_owned_by_root(folder("/cnb")), _owned_by_root(folder(PROCESS))]
    scripts += [
        _owned_by_root(file(f"{PROCESS}/{process.type}", _script(process, activation), 0o755))
        for process in PROCESSES
    ]
    return (
        layer_from_entries(store, key, LayerKind.CONFIG, LAUNCHER_CONFIG, _launcher_config()),
        _small_layer(store, "Buildpacks Process Types", scripts),
    )


def configured(
    image: Image, base: Image, run_image: RunImage, settings: Mapping[str, str], ports: Collection[Port]
) -> Image:
    """Give ``image``, whose layers are complete, the lifecycle's config, labels and environment."""
    inherited = base.environment.get("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    environment = {
        **base.environment,
        **settings,
        "CNB_APP_DIR": prefix.APP,
        "CNB_DEPRECATION_MODE": "quiet",
        "CNB_LAYERS_DIR": prefix.LAYERS,
        "CNB_PLATFORM_API": PLATFORM_API,
        "PATH": f"{PROCESS}:/cnb/lifecycle:{prefix.DEPENDENCIES}/bin:{inherited}",
        "PYTHONUNBUFFERED": "1",
    }
    labels = {
        **base.labels,
        LIFECYCLE_METADATA: _json(_lifecycle_metadata(image, base, run_image)),
        BUILD_METADATA: _json(_build_metadata()),
        "io.buildpacks.project.metadata": "{}",
    }
    return image.with_config(
        Cmd=None,
        Entrypoint=[f"{PROCESS}/web"],
        Env=[f"{name}={value}" for name, value in sorted(environment.items())],
        ExposedPorts={f"{number}/tcp": {} for number in sorted({port.number for port in ports})},
        Labels=labels,
        WorkingDir=prefix.APP,
    )


def _script(process: Process, activation: str) -> bytes:
    # Ours instead of the lifecycle's launcher: 4 MB less, and one exec to the server.
    start = f'exec {" ".join(process.command)} "$@"\n'
    return f"#!/bin/sh\n{_ACTIVATE.format(activation) if activation else ''}{start}".encode()


def _owned_by_root(entry: Entry) -> Entry:
    return Entry(entry.path, entry.mode, entry.size, entry.content, entry.link, user=0, group=0)


def _small_layer(store: Store, created_by: str, entries: Iterable[Entry]) -> Layer:
    parts = list(entries)
    contents = [entry.content.open().read().hex() if entry.content else "" for entry in parts]
    key = cache_key(
        created_by, *(f"{entry.path} {content}" for entry, content in zip(parts, contents, strict=True))
    )
    return layer_from_entries(store, key, LayerKind.CONFIG, created_by, parts)


def _launcher_config() -> Iterator[Entry]:
    import tomli_w

    document = tomli_w.dumps(_launch_metadata()).encode()
    yield from (folder("/layers"), folder("/layers/config"), file("/layers/config/metadata.toml", document))


def _launch_metadata() -> dict[str, object]:
    return {
        "buildpack-default-process-type": "web",
        "buildpacks": [{"api": "0.10", "id": BUILDPACK, "version": __version__}],
        "processes": [_process(process, "buildpack-id") for process in PROCESSES],
    }


def _build_metadata() -> dict[str, object]:
    return {
        "buildpack-default-process-type": "web",
        "buildpacks": [{"id": BUILDPACK, "version": __version__}],
        "launcher": {
            "source": {"git": {"commit": "", "repository": "github.com/buildpacks/lifecycle"}},
            "version": LIFECYCLE_VERSION,
        },
        "processes": [_process(process, "buildpackID") for process in PROCESSES],
    }


def _process(process: Process, buildpack_key: str) -> dict[str, object]:
    return {
        "args": [],
        buildpack_key: BUILDPACK,
        "command": list(process.command),
        "direct": True,
        "type": process.type,
        "working-dir": prefix.APP,
    }


def _lifecycle_metadata(image: Image, base: Image, run_image: RunImage) -> dict[str, object]:
    by_kind = {kind: [layer for layer in image.layers if layer.kind is kind] for kind in LayerKind}
    # One CNB layer name has one digest: the many dependency layers cannot be listed (docs/images.md).
    runtime = {
        "runtime": _sha(by_kind[LayerKind.RUNTIME][0]) | {"build": False, "cache": False, "launch": True}
    }
    config, processes = by_kind[LayerKind.CONFIG][-2:]
    sbom = by_kind[LayerKind.SBOM]
    return {
        "app": [_sha(layer) for layer in (*by_kind[LayerKind.WEIGHTS], *by_kind[LayerKind.APP])],
        "buildpacks": [{"key": BUILDPACK, "layers": runtime, "store": None, "version": __version__}],
        "config": _sha(config),
        "process-types": _sha(processes),
        "runImage": {
            "image": run_image.name,
            "reference": run_image.reference,
            "topLayer": str(base.layers[-1].diff_id),
        },
        "sbom": _sha(sbom[0]) if sbom else {"sha": ""},
        "stack": {"runImage": {"image": run_image.name}},
    }


def _sha(layer: Layer) -> dict[str, object]:
    return {"sha": str(layer.diff_id)}


def _json(document: Mapping[str, object]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))
