"""Which class of the source is the model: as MODEL_NAME says, or the only one that can be."""

from __future__ import annotations

import re
import sys

from ..errors.source import ModelClassMissing, ModelModuleMissing, ModelNotParsable, SettingInvalid
from ..events import Emit, warning
from ..settings import Setting, Settings
from ..source import Source
from ..target import SUPPORTED_PYTHONS
from .model_classes import COMPONENT_METHODS, ModelCode, PythonModule
from .model_search import CLASS_LINE, find_model, folded, name_of

MODEL_NAME = "MODEL_NAME"
_DEPENDENCY_FILES = re.compile(
    r".*requirements.*\.(txt|in)|pyproject\.toml|setup\.(py|cfg)|environment\.ya?ml|Pipfile|.*\.lock"
)
# Grammar that Pythons newer than 3.11 added: what the builder's own cannot parse may be right in the image.
_NEWER_GRAMMAR = re.compile(r"\s*(type\s+\w+|class\s+\w+\[|(async\s+)?def\s+\w+\[)")
_CHECKED_BYTES = 256 * 1024


def with_model_name(source: Source, settings: Settings, emit: Emit) -> Settings:
    """Return ``settings`` with a MODEL_NAME that the source really has."""
    given = settings.find(MODEL_NAME)
    name = infer_model_name(source, settings, emit)
    return settings if given and given.value else settings.with_setting(Setting(MODEL_NAME, name, "inferred"))


def infer_model_name(source: Source, settings: Settings, emit: Emit) -> str:
    """Return the checked MODEL_NAME, or find the model's class by reading syntax trees."""
    code = ModelCode(source)
    if settings.get(MODEL_NAME):
        name = _checked(source, code, settings.get(MODEL_NAME), settings, emit)
    else:
        name = find_model(source, code, emit)
    _warn_of_broken_code(code, _module_and_class(name)[0], emit)
    return name


def _module_and_class(name: str) -> tuple[str, str]:
    """Split MODEL_NAME as the wrapper of Seldon does: ``Iris`` is class Iris of module Iris."""
    module, _, cls = name.rpartition(".")
    return module or name, cls


def _checked(source: Source, code: ModelCode, name: str, settings: Settings, emit: Emit) -> str:
    setting = settings.find(MODEL_NAME)
    origin = setting.origin if setting else ""
    module_name, class_name = _module_and_class(name)
    shown = setting.value if setting else name
    if not all(part.isidentifier() for part in name.split(".")):
        raise SettingInvalid([f"{origin}: MODEL_NAME={shown} is not the dotted name of a Python class"])
    if module_name not in code.paths:
        _accept_installed(source, code, name, origin, emit)
        return name
    module = code.module(module_name)
    if module is None:
        _accept_newer_python(code, module_name, class_name)
    elif not _may_have(code, module, class_name):
        raise ModelClassMissing(
            name, origin, module.path, sorted(module.classes), _suggested(code, name, class_name)
        )
    return name


def _may_have(code: ModelCode, module: PythonModule, name: str) -> bool:
    if name in module.names:
        return True
    if name in module.imports:
        # A module of the source is no class, though a package may import it.
        return module.imports[name] not in code.paths
    # What a star import brings from an installed package cannot be known without importing it.
    return bool(code.find_class(module, name)) or any(star not in code.paths for star in module.stars)


def _suggested(code: ModelCode, name: str, class_name: str) -> str:
    """Return what was meant by a file (``Iris.py``), a module (``pkg.Iris``) or a misspelt class."""
    from difflib import get_close_matches

    meant = name.removesuffix(".py")
    own = meant.rpartition(".")[2]
    if class_name in (own, "py") and (model := _only_model(code, meant, own)):
        return model
    module = code.module(_module_and_class(name)[0])
    close = get_close_matches(class_name, sorted(module.classes), 1) if module else []
    return name_of(module.name, close[0]) if module and close else ""


def _only_model(code: ModelCode, name: str, own: str) -> str:
    """Return the class of module ``name`` that has its name, or is its only component; else empty."""
    module = code.module(name)
    if module is None:
        return ""
    able = [cls for cls in sorted(module.classes) if code.methods(module, cls) & COMPONENT_METHODS]
    chosen = [own] if own in module.classes else able
    return name_of(name, chosen[0]) if len(chosen) == 1 else ""


def _accept_installed(source: Source, code: ModelCode, name: str, origin: str, emit: Emit) -> None:
    module, cls = _module_and_class(name)
    top = module.partition(".")[0]
    own = any(path == top or path.startswith(f"{top}.") for path in code.paths)
    installs = any(_DEPENDENCY_FILES.fullmatch(str(file.path)) for file in source.files)
    if "." in name and not own and installs:
        emit(
            warning(
                "detect",
                f"MODEL_NAME={name} ({origin}): the source has no module {module}; "
                f"the build takes {top} to be among the requirements.",
            )
        )
        return
    path = module.replace(".", "/")
    model = _only_model(code, name, cls)
    alike = [model] if model else _alike(code, module, cls)
    raise ModelModuleMissing(name, origin, (f"{path}.py", f"{path}/__init__.py"), alike)


def _alike(code: ModelCode, module: str, cls: str) -> list[str]:
    """Return MODEL_NAMEs near a wrong one: in another case or another folder."""
    wanted = folded(module.rpartition(".")[2])
    near = sorted(path for path in code.paths if folded(path.rpartition(".")[2]) == wanted)
    return [
        name_of(found.name, name)
        for path in near
        if (found := code.module(path))
        for name in found.classes
        if folded(name) in (folded(cls), wanted)
    ]


def _accept_newer_python(code: ModelCode, module: str, cls: str) -> None:
    """Refuse a model that does not parse, unless only the builder's own Python may be too old for it."""
    path = code.paths[module]
    line, reason = code.broken[path]
    text = code.read(module)
    lines = text.decode("utf-8", "replace").split("\n")
    older = f"{sys.version_info.major}.{sys.version_info.minor}" != SUPPORTED_PYTHONS[-1]
    newer = reason.startswith("f-string") or _NEWER_GRAMMAR.match(lines[min(line, len(lines)) - 1])
    if not older or not newer or cls.encode() not in CLASS_LINE.findall(text):
        raise ModelNotParsable(path, line, reason)


def _warn_of_broken_code(code: ModelCode, start: str, emit: Emit) -> None:
    """Follow the imports of the model within the source and warn of what does not parse."""
    seen, pending, size = set[str](), [start], 0
    while pending and size < _CHECKED_BYTES:
        name = pending.pop()
        if name in seen or name not in code.paths:
            continue
        seen.add(name)
        size += len(code.read(name))
        if module := code.module(name):
            pending.extend(module.modules)
    for path, (line, reason) in sorted(code.broken.items()):
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        emit(warning("detect", f"{path}:{line}: does not parse as Python {version}: {reason}"))
