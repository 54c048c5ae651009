"""From MODEL_NAME to a class, and from a class to an object that is ready."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..errors import ClassMissing, ModelStartFailed, ModuleBroken, ModuleMissing

if TYPE_CHECKING:
    from ..settings import ServerSettings

# A class, or a function that makes the object.
Factory: TypeAlias = Callable[..., object]


def find_class(model_name: str, folder: Path) -> Factory:
    """Import what ``model_name`` names; ``folder`` stays first on the path while the process lives."""
    place = str(folder)
    sys.path[:] = [place, *(entry for entry in sys.path if entry != place)]
    module_name, _, class_name = model_name.rpartition(".")
    module_name = module_name or class_name
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and f"{module_name}.".startswith(f"{error.name}."):
            raise ModuleMissing(module_name, folder, _modules(folder)) from None
        raise ModuleBroken(module_name, error) from error
    except (Exception, SystemExit) as error:
        raise ModuleBroken(module_name, error) from error
    found = getattr(module, class_name, None)
    if not callable(found):
        raise ClassMissing(module_name, class_name, _classes(module))
    return found  # type: ignore[no-any-return]  # whatever is callable may make the model


def _modules(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.py"))


def _classes(module: object) -> list[str]:
    return sorted(
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == vars(module)["__name__"]
    )


def construct(factory: Factory, settings: ServerSettings) -> object:
    """Call the constructor; what it raises becomes the cause of ModelStartFailed."""
    from .hopsworks import arguments_of

    arguments = {**arguments_of(factory, settings.unit), **settings.parameters}
    name = settings.model_name
    try:
        return factory(**arguments)
    except (Exception, SystemExit) as error:
        raise ModelStartFailed(name, f"{name}({', '.join(arguments)})", error) from error


async def load_later(user: object, name: str) -> None:
    """Await the model's ``async def load()``."""
    try:
        await user.load()  # type: ignore[attr-defined]  # asked for by wants_loop
    except (Exception, SystemExit) as error:
        raise ModelStartFailed(name, "load()", error) from error


def wants_loop(user: object) -> bool:
    """Tell whether load() is a coroutine function."""
    return inspect.iscoroutinefunction(getattr(user, "load", None))


def load(user: object, name: str) -> None:
    """Load the model where it has a method for it."""
    if not callable(getattr(user, "load", None)):
        return
    try:
        user.load()  # type: ignore[attr-defined]  # looked up in the line above
    except NotImplementedError:
        # The optional base class of older wrappers raises it to say "nothing to load".
        return
    except (Exception, SystemExit) as error:
        raise ModelStartFailed(name, "load()", error) from error
