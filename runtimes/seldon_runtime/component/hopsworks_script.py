"""Where a script written for Hopsworks runs: what its variables and its constructor tell it."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, MutableMapping
from pathlib import Path
from types import SimpleNamespace

from .unit import Unit, unit_from

VERBS = ("predict", "classify", "regress")
PREDICTORS = frozenset({"Predict", "Predictor"})
TRANSFORMER = "Transformer"


def is_predictor(kind: type) -> bool:
    """Tell whether a class was written for Hopsworks, by its name or by verbs that Seldon does not know."""
    return kind.__name__ in PREDICTORS or any(callable(getattr(kind, verb, None)) for verb in VERBS[1:])


def tell_script(variables: MutableMapping[str, str], model_name: str, folder: Path) -> None:
    """Set what Hopsworks' variables say of a script, before it is imported; none that is set is changed."""
    module, _, name = model_name.rpartition(".")
    place = folder.joinpath(*(module or name).split("."))
    script = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    known = {
        "MODEL_FILES_PATH": str(folder),
        "ARTIFACT_FILES_PATH": str(folder),
        "SCRIPT_PATH": str(script),
        "SCRIPT_NAME": script.name,
        "IS_TRANSFORMER" if name == TRANSFORMER else "IS_PREDICTOR": "true",
        "DEPLOYMENT_NAME": unit_from(variables, model_name).name,
    }
    for variable, value in known.items():
        variables.setdefault(variable, value)


def arguments_of(factory: Callable[..., object], unit: Unit) -> dict[str, object]:
    """Return those of project, deployment, model and async_logger that a script's constructor requires.

    They say where the script runs, in the attributes of which Hopsworks' own objects have more.
    """
    if not inspect.isclass(factory) or not (is_predictor(factory) or factory.__name__ == TRANSFORMER):
        return {}
    say = unit.variables.get
    known = {
        "project": SimpleNamespace(name=say("HOPSWORKS_PROJECT_NAME"), id=say("HOPSWORKS_PROJECT_ID")),
        "deployment": SimpleNamespace(name=unit.name, version=say("DEPLOYMENT_VERSION")),
        "model": SimpleNamespace(name=say("MODEL_NAME"), version=say("MODEL_VERSION")),
        "async_logger": None,
    }
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):  # a compiled constructor that does not tell
        return {}
    wanted = [parameter.name for parameter in parameters if parameter.default is parameter.empty]
    return {name: known[name] for name in wanted if name in known}


def transformer_beside(kind: type, folder: Path) -> type | None:
    """Return the Transformer of a predictor's module, or of transformer.py in ``folder``; None elsewhere."""
    if not is_predictor(kind):
        return None
    found = getattr(sys.modules.get(kind.__module__), TRANSFORMER, None)
    if found is None and (folder / "transformer.py").is_file():
        found = getattr(importlib.import_module("transformer"), TRANSFORMER, None)
    transforms = any(callable(getattr(found, name, None)) for name in ("preprocess", "postprocess"))
    return found if inspect.isclass(found) and transforms else None
