"""The rules of the house that a reader would otherwise have to trust."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from seldon_builder import hookspecs

from tests.write_docs import PAGES, error_classes

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "seldon_builder": ROOT / "builder",
    "seldon_plugins": ROOT / "plugins",
    "seldon_runtime": ROOT / "runtimes",
    "seldon_serving": ROOT / "serving",
}
MAY_IMPORT = {
    "seldon_runtime": {"seldon_runtime"},
    "seldon_builder": {"seldon_builder", "seldon_runtime"},
    "seldon_plugins": {"seldon_plugins", "seldon_builder", "seldon_runtime"},
    "seldon_serving": {"seldon_serving", "seldon_builder", "seldon_runtime"},
}
MODULES = [
    pytest.param(package, path, id=str(path.relative_to(root)))
    for package, root in PACKAGES.items()
    for path in sorted((root / package).rglob("*.py"))
]
ROOMS = sorted({path.parent for root in PACKAGES.values() for path in root.glob("*/*/__init__.py")})
FORBIDDEN_WORDS = {"Manager", "Helper", "Util", "Handler"}


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_each_room_is_on_the_map(room: Path) -> None:
    assert f"{room.name}/" in (ROOT / "CONTRIBUTING.md").read_text()


@pytest.mark.parametrize(("package", "path"), MODULES)
def test_imports_go_one_way(package: str, path: Path) -> None:
    ours = {name.partition(".")[0] for name in imported(ast.parse(path.read_text()))} & set(PACKAGES)

    assert ours <= MAY_IMPORT[package]


@pytest.mark.parametrize(("package", "path"), MODULES)
def test_no_file_and_no_function_is_too_long(package: str, path: Path) -> None:
    text = path.read_text()
    functions = [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    assert text.count("\n") <= 400
    assert [f.name for f in functions if (f.end_lineno or 0) - f.lineno >= 60] == []


@pytest.mark.parametrize(("package", "path"), MODULES)
def test_no_class_is_named_for_nothing(package: str, path: Path) -> None:
    classes = [node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]

    assert [name for name in classes for word in FORBIDDEN_WORDS if word in name] == []


def test_each_error_has_an_exit_code_of_its_own() -> None:
    by_code: dict[int, set[str]] = {}
    for error in error_classes():
        by_code.setdefault(error.exit_code, set()).add(error.__name__)

    assert {code: names for code, names in by_code.items() if len(names) > 1} == {}
    assert not set(by_code) & {0, 1, 2, 130}


@pytest.mark.parametrize("name", PAGES)
def test_the_written_pages_are_what_the_code_says(name: str) -> None:
    assert (ROOT / "docs" / name).read_text() == PAGES[name](), "run python -m tests.write_docs"


def hooks() -> list[str]:
    return [
        name for name, _ in inspect.getmembers(hookspecs, inspect.isfunction) if name.startswith("seldon_")
    ]


@pytest.mark.parametrize("hook", hooks())
def test_each_hook_is_documented_with_its_arguments(hook: str) -> None:
    arguments = ", ".join(inspect.signature(getattr(hookspecs, hook)).parameters)

    assert f"### {hook}({arguments})" in (ROOT / "docs" / "hooks.md").read_text()


@pytest.mark.parametrize("hook", hooks())
def test_each_hook_has_a_user(hook: str) -> None:
    users = [
        *(ROOT / "plugins").rglob("*.py"),
        *(ROOT / "examples").rglob("*.py"),
        *(ROOT / "tests").rglob("*.py"),
    ]

    assert any(f"def {hook}(" in path.read_text() for path in users if path != Path(__file__))
