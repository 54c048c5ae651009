"""What a setup.py says when nothing of it is run: its one call of setup(), where that is all there is."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from seldon_builder.errors.projects import ProjectUnreadable
from seldon_builder.errors.resolution import BadLine

FILE = "setup.py"
# Arguments that name what is installed; any other may have any value.
NAMING = frozenset({"packages", "py_modules", "ext_modules", "package_dir", "scripts", "data_files"})
METADATA = frozenset({"name", "install_requires", "extras_require", "python_requires"})
# All that may be imported without anything but setuptools being run.
_PURE = ("setuptools", "distutils.core", "os", "pathlib", "io", "sys", "__future__", "codecs")


@dataclass(frozen=True)
class SetupCall:
    """The arguments of setup() that are literals; ``is_static`` tells that they are all that counts.

    ``given`` are the names of all arguments.
    """

    literals: Mapping[str, Any] = field(default_factory=dict)
    given: frozenset[str] = frozenset()
    is_static: bool = False

    @property
    def names_modules(self) -> bool:
        """Whether it says what is installed."""
        return any(self.literals.get(name, True) for name in self.given & NAMING)


def read_setup(text: str) -> SetupCall:
    """Read a setup.py; ProjectUnreadable where it is no Python, or never calls setup()."""
    tree = _parsed(text)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_setup(node.func)]
    if not calls:
        raise ProjectUnreadable([BadLine(FILE, "", "it calls no setup()")])
    call = calls[0]
    given = frozenset(keyword.arg or "**" for keyword in call.keywords)
    known = dict(_assigned(tree))
    literals = {
        keyword.arg: value
        for keyword in call.keywords
        if keyword.arg and (value := _literal(keyword.value, known)) is not None
    }
    opaque = {"**"} & given or (METADATA & given) - literals.keys() or call.args or len(calls) > 1
    return SetupCall(literals, given, not opaque and _does_nothing_else(tree, call))


def _parsed(text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, FILE)
    except SyntaxError as error:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        place = BadLine(f"{FILE}:{error.lineno or 1}", "", f"it is not Python {version}: {error.msg}")
        raise ProjectUnreadable([place]) from error
    except (ValueError, RecursionError, MemoryError) as error:
        reason = "it is nested too deep" if not isinstance(error, ValueError) else str(error)
        raise ProjectUnreadable([BadLine(FILE, "", reason)]) from error


def _is_setup(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name == "setup"


def _assigned(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    """Yield the variables that are literals; one that is assigned twice is none."""
    stored = [
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del)
    ]
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if stored.count(name) == 1 and (value := _literal(node.value, {})) is not None:
                yield name, value


def _literal(node: ast.expr, known: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return known.get(node.id)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _does_nothing_else(tree: ast.Module, call: ast.Call) -> bool:
    return all(_is_harmless(node, call) for node in tree.body)


def _is_harmless(node: ast.stmt, call: ast.Call) -> bool:
    if isinstance(node, ast.Import):
        return all(_is_pure(alias.name) for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return _is_pure(node.module or "") and not node.level
    if isinstance(node, ast.Assign):
        return not any(isinstance(inner, ast.Attribute | ast.Subscript) for inner in node.targets)
    if isinstance(node, ast.Expr):
        return node.value is call or isinstance(node.value, ast.Constant)
    if isinstance(node, ast.If) and _is_main(node.test):
        return all(_is_harmless(inner, call) for inner in node.body) and not node.orelse
    return isinstance(node, ast.FunctionDef) and not node.decorator_list


def _is_pure(module: str) -> bool:
    return module in _PURE or module.startswith(("setuptools.", "os."))


def _is_main(test: ast.expr) -> bool:
    return ast.unparse(test) in ("__name__ == '__main__'", "'__main__' == __name__")
