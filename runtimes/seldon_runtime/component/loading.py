"""From MODEL_NAME to a class, and from a class to an object that is ready."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..errors import ClassMissing, ModelStartFailed, ModuleBroken, ModuleMissing
from .authors_code import means_not_implemented
from .hopsworks_script import TRANSFORMER, arguments_of, tell_script, transformer_beside
from .lookup import find, is_async
from .old_imports import offer_old_imports

if TYPE_CHECKING:
    from ..settings import ServerSettings

# A class, or a function that makes the object.
Factory: TypeAlias = Callable[..., object]


def find_class(model_name: str, folder: Path, variables: MutableMapping[str, str] | None = None) -> Factory:
    """Import what ``model_name`` names; ``folder`` stays first on the path while the process lives.

    ``variables`` are those of the process: a script reads there where its files lie.
    """
    place = str(folder)
    sys.path[:] = [place, *(entry for entry in sys.path if entry != place)]
    offer_old_imports()
    if variables is not None:
        tell_script(variables, model_name, folder)
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
    arguments = {**arguments_of(factory, settings.unit), **settings.parameters}
    return _made(factory, arguments, settings.model_name)


def construct_transformer(user: object, settings: ServerSettings) -> object | None:
    """Make the Transformer that stands beside a script's predictor, None where there is none."""
    try:
        factory = transformer_beside(type(user), settings.folder)
    except (Exception, SystemExit) as error:
        raise ModuleBroken("transformer", error) from error
    return _made(factory, arguments_of(factory, settings.unit), TRANSFORMER) if factory else None


def _made(factory: Factory, arguments: Mapping[str, object], name: str) -> object:
    try:
        return factory(**arguments)
    except (Exception, SystemExit) as error:
        raise ModelStartFailed(name, f"{name}({', '.join(arguments)})", error) from error


def wants_loop(user: object) -> bool:
    """Tell whether load() is a coroutine function."""
    return is_async(find(user, "load"))


async def load_later(user: object, name: str) -> None:
    """Await the model's ``async def load()``."""
    try:
        await user.load()  # type: ignore[attr-defined]  # asked for by wants_loop
    except (Exception, SystemExit) as error:
        if not _loads_nothing(error):
            raise ModelStartFailed(name, "load()", error) from error


def load(user: object, name: str) -> None:
    """Load the model where it has a method for it."""
    method = find(user, "load")
    if method is None:
        return
    try:
        method()
    except (Exception, SystemExit) as error:
        if not _loads_nothing(error):
            raise ModelStartFailed(name, "load()", error) from error


def _loads_nothing(error: BaseException) -> bool:
    """Tell whether load() itself says that there is nothing to load, not some operation within it."""
    ours = error.__traceback__
    authors = ours.tb_next if ours else None
    itself = authors is not None and authors.tb_next is None
    return means_not_implemented(error) or (isinstance(error, NotImplementedError) and itself)
