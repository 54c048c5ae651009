"""Read Python modules by their syntax tree: which classes they have. Nothing is ever imported."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from ..source import Source

HOPSWORKS_METHODS = frozenset({"predict", "classify", "regress"})
_PLAIN = ("predict", "transform_input", "transform_output", "route", "aggregate", "send_feedback")
COMPONENT_METHODS = frozenset(
    {*(name + ending for name in _PLAIN for ending in ("", "_raw", "_rest", "_grpc"))}
    | {"health_status_raw", "score"}
)
COMPONENT_BASE = "SeldonComponent"


@dataclass(frozen=True)
class PythonClass:
    """A class as it is written: its line, its bases as dotted names, and the names that its body binds."""

    name: str
    line: int
    bases: tuple[str, ...] = ()
    methods: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PythonModule:
    """The top level of a module: classes, every other name it binds, and what it imports from where.

    ``imports`` maps a bound name to the dotted name it stands for; ``stars`` are modules imported with
    ``*``; ``modules`` all modules that any line imports.
    """

    name: str
    path: str
    classes: Mapping[str, PythonClass] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    imports: Mapping[str, str] = field(default_factory=dict)
    stars: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()


def parse_module(name: str, path: str, content: bytes) -> PythonModule:
    """Read one module; SyntaxError or ValueError where it is not Python."""
    with warnings.catch_warnings():
        # The parser would print what it thinks of the model's escape sequences.
        warnings.simplefilter("ignore")
        tree = ast.parse(content, path)
    package = name if path.endswith("__init__.py") else name.rpartition(".")[0]
    statements = tuple(_top_level(tree.body))
    return PythonModule(
        name,
        path,
        {node.name: _class(node) for node in statements if isinstance(node, ast.ClassDef)},
        frozenset(_bound(statements)),
        dict(_imported_names(statements, package)),
        tuple(_starred_modules(statements, package)),
        tuple(_imported_modules(tree, package)),
    )


def _class(node: ast.ClassDef) -> PythonClass:
    bases = tuple(filter(None, map(_dotted, node.bases)))
    return PythonClass(node.name, node.lineno, bases, frozenset(_bound(_top_level(node.body))))


def _imported_names(statements: Iterable[ast.stmt], package: str) -> Iterator[tuple[str, str]]:
    for node in statements:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (top, top)
        elif isinstance(node, ast.ImportFrom):
            origin = _absolute(node, package)
            yield from ((alias.asname or alias.name, f"{origin}.{alias.name}") for alias in node.names)


def _starred_modules(statements: Iterable[ast.stmt], package: str) -> Iterator[str]:
    for node in statements:
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            yield _absolute(node, package)


def _top_level(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a body, those within if, try and with too."""
    for node in body:
        yield node
        for inner in ("body", "orelse", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.With):
                yield from _top_level(getattr(node, inner, ()))
        for handler in getattr(node, "handlers", ()):
            yield from _top_level(handler.body)


def _bound(nodes: Iterable[ast.stmt]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):  # Model[Input] is Model
        return _dotted(node.value)
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _absolute(node: ast.ImportFrom, package: str) -> str:
    """Return the module that a ``from`` import names, without leading dots."""
    if not node.level:
        return node.module or ""
    above = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*above, *filter(None, [node.module])])


def _imported_modules(tree: ast.Module, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = _absolute(node, package)
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)


class ModelCode:
    """The modules of a source by dotted name, each parsed when first asked for."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._parsed: dict[str, PythonModule | None] = {}
        self.broken: dict[str, tuple[int, str]] = {}

    @cached_property
    def paths(self) -> Mapping[str, str]:
        """Every importable module: dotted name to path; a package wins over a module of its name."""
        found = dict[str, str]()
        for file in self._source.files:
            name = module_name(file.path)
            if name and not file.is_folder and (name not in found or file.path.name == "__init__.py"):
                found[name] = str(file.path)
        return found

    def read(self, name: str) -> bytes:
        """Return the text of a module of the source."""
        return self._source.read(self.paths[name])

    def module(self, name: str) -> PythonModule | None:
        """Parse a module; None where the source lacks it, or where it is not Python (see ``broken``)."""
        if name not in self._parsed:
            self._parsed[name] = self._parse(name) if name in self.paths else None
        return self._parsed[name]

    def _parse(self, name: str) -> PythonModule | None:
        path = self.paths[name]
        try:
            return parse_module(name, path, self.read(name))
        except SyntaxError as error:
            self.broken[path] = (error.lineno or 1, error.msg)
        except ValueError as error:
            self.broken[path] = (1, str(error))
        except (RecursionError, MemoryError):
            # Which of the two the parser raises depends on where its stack ends.
            self.broken[path] = (1, "it is nested too deep")
        return None

    def find_class(self, module: PythonModule, name: str) -> tuple[PythonModule, PythonClass] | None:
        """Return the class that ``name``, dotted or not, stands for in ``module``, if the source has it."""
        return self._find(module, name, frozenset())

    def _find(
        self, module: PythonModule, name: str, seen: frozenset[tuple[str, str]]
    ) -> tuple[PythonModule, PythonClass] | None:
        if (module.name, name) in seen:
            return None
        seen |= {(module.name, name)}
        if name in module.classes:
            return module, module.classes[name]
        head, _, rest = name.partition(".")
        origins = [f"{star}.{name}" for star in module.stars]
        if head in module.imports:
            origins.insert(0, ".".join(filter(None, [module.imports[head], rest])))
        for origin in origins:
            owner, _, wanted = origin.rpartition(".")
            if (other := self.module(owner)) and (found := self._find(other, wanted, seen)):
                return found
        return None

    def methods(self, module: PythonModule, name: str) -> frozenset[str]:
        """Return what a class binds, inherited from other classes of the source too.

        A base from elsewhere that is called SeldonComponent counts as all component methods: it has them.
        """
        return self._methods(module, name, frozenset())

    def _methods(self, module: PythonModule, name: str, seen: frozenset[tuple[str, str]]) -> frozenset[str]:
        found = self.find_class(module, name)
        if found is None:
            return COMPONENT_METHODS if name.rpartition(".")[2] == COMPONENT_BASE else frozenset()
        owner, cls = found
        if (owner.name, cls.name) in seen:
            return frozenset()
        seen |= {(owner.name, cls.name)}
        return cls.methods.union(*(self._methods(owner, base, seen) for base in cls.bases))


def module_name(path: PurePosixPath) -> str:
    """Return the dotted name by which a file is imported, empty where it cannot be."""
    if path.suffix != ".py":
        return ""
    parts = path.parts[:-1] if path.name == "__init__.py" else (*path.parts[:-1], path.stem)
    return ".".join(parts) if parts and all(part.isidentifier() for part in parts) else ""
