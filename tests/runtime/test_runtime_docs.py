"""The pages about the runtime, held against its code."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
from seldon_runtime.plugins import BUILT_INS, requirements
from seldon_runtime.runtime import Role
from seldon_runtime.settings import METHODS_OF_TYPE

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "docs/runtime.md"
HOOKS = (ROOT / "docs/hooks.md").read_text()
FAMILIES = (
    *("API", "DEPLOYMENT", "FILTER", "FLASK", "GRPC", "GUNICORN", "INCLUDE", "MODEL", "PAYLOAD"),
    *("PERSISTENCE", "PREDICTIVE", "PREDICTOR", "REDIS", "SELDON", "SERVICE"),
)
VARIABLE = re.compile(rf'"((?:{"|".join(FAMILIES)})_[A-Z_]+)"')
# Its kind of message, not what anybody sets.
CONSTANTS = {"SELDON_MESSAGE", "SELDON_MESSAGE_LIST", "MODEL_METADATA_REQUEST"}


def variables() -> set[str]:
    files = (ROOT / "runtimes/seldon_runtime").rglob("*.py")
    return {name for file in files for name in VARIABLE.findall(file.read_text())} - CONSTANTS


def pages() -> str:
    names = ("runtime", "component", "hopsworks", "metrics")
    return "\n".join((ROOT / f"docs/{name}.md").read_text() for name in names)


def test_every_variable_that_is_read_is_documented() -> None:
    found = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", pages()))

    assert variables() - found == set()


def test_no_variable_is_documented_that_nobody_reads() -> None:
    told = set(re.findall(r"`((?:GUNICORN|SELDON)_[A-Z_]+)", pages()))
    text = "\n".join(file.read_text() for file in (ROOT / "runtimes/seldon_runtime").rglob("*.py"))

    assert {name for name in told if name not in text} == set()


def test_every_runtime_is_documented() -> None:
    parts = RUNTIME.read_text().partition("## Parts")[2].partition("## ")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", parts, re.MULTILINE)) == set(BUILT_INS)


def test_the_lowest_versions_are_documented() -> None:
    text = " ".join(RUNTIME.read_text().split())

    assert [need for need in requirements() if need.replace(">=", " ") not in text] == []


@pytest.mark.parametrize("kind", METHODS_OF_TYPE)
def test_the_table_of_types_is_that_of_the_code(kind: str) -> None:
    row = re.search(rf"^\| `{kind}` \| (.*) \|$", RUNTIME.read_text(), re.MULTILINE)

    assert row
    assert set(row[1].split(", ")) == METHODS_OF_TYPE[kind]


def test_every_link_between_the_pages_leads_somewhere() -> None:
    for page in ("runtime", "component", "hopsworks", "metrics", "compatibility"):
        for target in re.findall(r"\]\(([\w.-]+\.md)", (ROOT / f"docs/{page}.md").read_text()):
            assert (ROOT / "docs" / target).exists(), f"{page}: {target}"


def test_every_role_of_a_runtime_is_documented() -> None:
    table = HOOKS.partition("## Run side")[2]

    assert set(re.findall(r"`Role\.(\w+)`", table)) == {role.name for role in Role}


def test_the_names_that_stay_are_there() -> None:
    table = HOOKS.partition("These names of `seldon_runtime` stay")[2]
    rows = re.findall(r"^\| (`[\w.`, ]+) \| (.*) \|$", table, re.MULTILINE)
    modules = [import_module(f"seldon_runtime.{name}") for row, _ in rows for name in words(row)]
    names = {name for _, row in rows for name in words(row.partition(":")[0])}

    assert len(rows) > 5
    assert {name for name in names if not any(hasattr(module, name) for module in modules)} == set()


def words(cell: str) -> list[str]:
    return re.findall(r"`([\w.]+)`", cell)
