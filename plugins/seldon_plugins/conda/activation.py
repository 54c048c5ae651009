"""What `conda activate` would do, without conda: a script that the image's start script sources."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping

from seldon_builder.entry import Entry, file, folder
from seldon_builder.layer import Layer, LayerKind
from seldon_builder.layers.packing import cache_key, layer_from_entries
from seldon_builder.lock import Lock
from seldon_builder.prefix import ACTIVATION, DEPENDENCIES, RUNTIME, site_packages
from seldon_builder.store import Store

from .installed import Installed, is_variable

_TITLE = "The environment's activation"


def activation_layer(lock: Lock, found: Installed, python: str, store: Store) -> Layer:
    """Return the layer that activates the environment at start, and makes the runtime importable in it."""
    variables = {**found.variables, **dict(lock.variables)}
    script = activation_script(found.scripts, variables)
    state = json.dumps({"env_vars": dict(lock.variables), "version": 1}, sort_keys=True)
    key = cache_key("conda-activation", python, DEPENDENCIES, RUNTIME, script, state)
    return layer_from_entries(store, key, LayerKind.INTERPRETER, _TITLE, _entries(script, state, python))


def activation_script(scripts: tuple[str, ...], variables: Mapping[str, str]) -> str:
    """Write the script: variables first, then the packages' own scripts in their order, as conda has it."""
    return "".join(f"{line}\n" for line in _lines(scripts, variables))


def _lines(scripts: tuple[str, ...], variables: Mapping[str, str]) -> Iterator[str]:
    yield f"export CONDA_PREFIX={DEPENDENCIES}"
    yield f"export CONDA_DEFAULT_ENV={DEPENDENCIES}"
    yield f"export CONDA_PROMPT_MODIFIER='({DEPENDENCIES}) '"
    yield "export CONDA_SHLVL=1"
    for name, value in sorted(variables.items()):
        if is_variable(name):
            # What the image or whoever starts it sets wins: an environment's file says what is usual.
            yield f'[ -n "${{{name}+set}}" ] || export {name}={shlex.quote(value)}'
    for script in scripts:
        yield f". {shlex.quote(script)}"


def _entries(script: str, state: str, python: str) -> Iterator[Entry]:
    yield file(ACTIVATION, script.encode())
    # By these two, tools tell that a prefix is an environment, and which variables it has.
    yield file(f"{DEPENDENCIES}/conda-meta/history", b"")
    yield file(f"{DEPENDENCIES}/conda-meta/state", state.encode())
    yield folder(site_packages(python))
    yield file(f"{site_packages(python)}/seldon_python.pth", f"{RUNTIME}\n".encode())
