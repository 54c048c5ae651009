"""What the code of a model imports, read from its syntax trees and never run."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..source import Source

# Served by the image itself: the runtime, and what it offers of seldon-core. Of that, seldon_core.proto is
# missing here: it needs protobuf, which not every image has.
_OFFERED = "Storage __version__ flask_utils metrics microservice responses storage user_model utils version"
SERVED = frozenset({"seldon_runtime", "seldon_core", *(f"seldon_core.{name}" for name in _OFFERED.split())})
# Top-level names that many distributions share, told apart by their second part.
SHARED = frozenset({"google"})
_TOLD_APART = SHARED | {"seldon_core"}
_NOT_SERVED_CODE = ("tests", "test", "docs", "examples")


@dataclass(frozen=True)
class Import:
    """A top-level module that the code imports, and where; ``optional`` if the code copes without it."""

    module: str
    file: str
    line: int
    optional: bool = False


@dataclass(frozen=True)
class Imports:
    """What a source imports of others, one entry a module; ``unreadable`` says which files are no Python."""

    modules: tuple[Import, ...]
    unreadable: tuple[str, ...] = ()


def imports_of(source: Source) -> Imports:
    """Find the modules that neither Python, the source nor the image's own runtime provides.

    Tests are left out: an image never runs them.
    """
    local = _local_modules(source)
    found: dict[str, Import] = {}
    unreadable: list[str] = []
    for item in source.files:
        if item.path.suffix != ".py" or item.is_folder or item.link or _is_test(item.path):
            continue
        path = item.path.as_posix()
        try:
            tree = _parsed(source.read(path))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            unreadable.append(f"{path}: {str(error) or 'it is nested too deep'}")
            continue
        for module, line, optional in _imported([tree]):
            known = found.get(module)
            if module not in local and (known is None or (known.optional and not optional)):
                found[module] = Import(module, path, line, optional)
    return Imports(tuple(found[name] for name in sorted(found)), tuple(unreadable))


def _parsed(content: bytes) -> ast.Module:
    with warnings.catch_warnings():
        # An invalid escape in the model's code is not ours to report.
        warnings.simplefilter("ignore")
        return ast.parse(content)


def _local_modules(source: Source) -> frozenset[str]:
    names = {item.path.parts[0].removesuffix(".py") for item in source.files}
    compiled = {item.path.name.split(".")[0] for item in source.files if item.path.suffix == ".so"}
    return frozenset(names | compiled) | SERVED | sys.stdlib_module_names


def _is_test(path: PurePosixPath) -> bool:
    return (
        path.name in ("conftest.py", "setup.py", "noxfile.py")
        or path.name.startswith("test_")
        or path.name.endswith("_test.py")
        or path.parts[0] in _NOT_SERVED_CODE
    )


def _imported(nodes: Iterable[ast.AST], *, optional: bool = False) -> Iterator[tuple[str, int, bool]]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((_top(alias.name), node.lineno, optional) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.module and not node.level:
                names = {_top(f"{node.module}.{alias.name}") for alias in node.names}
                yield from ((name, node.lineno, optional) for name in sorted(names))
        elif isinstance(node, ast.If) and _is_type_checking(node.test):
            yield from _imported(node.orelse, optional=optional)
        elif isinstance(node, ast.Try) and any(_catches_import_error(handler) for handler in node.handlers):
            yield from _imported(ast.iter_child_nodes(node), optional=True)
        elif not isinstance(node, ast.expr):
            yield from _imported(ast.iter_child_nodes(node), optional=optional)


def _top(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[: 2 if parts[0] in _TOLD_APART else 1])


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {node.id for node in caught if isinstance(node, ast.Name)}
    return handler.type is None or bool(names & {"ImportError", "ModuleNotFoundError", "Exception"})
