"""docs/resolvers.md tells what the code does: which resolver wins, and whose files are whose."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from types import ModuleType

import pluggy
import pytest
from seldon_builder.dependencies.detecting import detected
from seldon_builder.detection import Detection
from seldon_builder.entry_points import entry_points
from seldon_builder.errors.resolution import ResolverUnknown
from seldon_builder.events import Emit, Event, EventKind, silent
from seldon_builder.inputs.source_reading import read_source
from seldon_builder.plugins import load_plugins
from seldon_builder.settings import Setting, Settings
from seldon_builder.source import Source

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
ROW = re.compile(r"\| (\d+) \| `([\w-]+)` \| (.+?) \| .+ \|")


def resolvers() -> Iterator[ModuleType]:
    for entry in entry_points("seldon", sys.path):
        module = entry.load()
        assert isinstance(module, ModuleType)
        if hasattr(module, "RANK"):
            yield module


def rows() -> list[tuple[int, str, list[str]]]:
    page = (ROOT / "docs" / "resolvers.md").read_text()
    return [(int(rank), name, re.findall(r"`([^`]+)`", claims)) for rank, name, claims in ROW.findall(page)]


def test_the_table_lists_every_resolver_in_its_order() -> None:
    assert rows() == sorted((module.RANK, module.NAME, list(module.FILES)) for module in resolvers())


@dataclass(frozen=True)
class Claims:
    """The hooks of the real plugins, whose files are claimed but not read."""

    hook: pluggy.HookRelay

    def seldon_detect(self, source: Source, settings: Settings) -> list[Detection]:
        return list(self.hook.seldon_detect(source=source, settings=settings))

    def seldon_read(self, **_: object) -> None:
        return None


@pytest.fixture(scope="module")
def claims() -> Claims:
    return Claims(load_plugins().hook)


def chosen(claims: Claims, folder: Path, emit: Emit = silent, resolver: str = "") -> Detection | None:
    setting = Setting("SELDON_RESOLVER", resolver, "--resolver", build_only=True)
    source = read_source(folder, silent)
    return detected(claims, source, Settings((setting,)), emit)  # type: ignore[arg-type]  # as good as a relay


def own(claims: Claims) -> dict[str, Path]:
    """Return an example folder for each resolver that some example is for."""
    folders = (folder for folder in sorted(EXAMPLES.iterdir()) if folder.is_dir())
    found = ((chosen(claims, folder), folder) for folder in folders)
    return {claim.resolver: folder for claim, folder in found if claim}


def test_every_resolver_has_an_example(claims: Claims) -> None:
    assert {name for _, name, _ in rows()} <= set(own(claims))


def test_of_any_two_the_lower_rank_wins(claims: Claims, tmp_path: Path) -> None:
    ranks, examples = {name: rank for rank, name, _ in rows()}, own(claims)
    wrong = []
    for first, second in combinations(sorted(ranks, key=ranks.__getitem__), 2):
        both = tmp_path / f"{first}-{second}"
        for name in (second, first):
            shutil.copytree(examples[name], both, dirs_exist_ok=True)
        winner = chosen(claims, both)
        if winner is None or winner.resolver != first:
            wrong.append((first, second, winner))
    assert wrong == []


def test_what_was_not_used_is_told_and_can_be_asked_for(claims: Claims, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("numpy\n")
    (tmp_path / "setup.py").write_text("from setuptools import setup\nsetup(install_requires=['numpy'])\n")
    said: list[str] = []

    def tell(event: Event) -> None:
        assert event.kind is EventKind.DECISION
        said.append(event.message)

    default, asked = chosen(claims, tmp_path, tell), chosen(claims, tmp_path, tell, "project")

    assert default is not None
    assert asked is not None
    assert (default.resolver, asked.resolver) == ("requirements", "project")
    assert said == [
        "requirements: requirements.txt is there",
        "Not using setup.py: the resolver requirements comes before project",
        f"project: {asked.reason}",
        "Not using requirements.txt: the resolver project was asked for",
    ]


def test_a_resolver_without_files_of_its_own_is_an_error_that_lists_the_others(
    claims: Claims, tmp_path: Path
) -> None:
    (tmp_path / "requirements.txt").write_text("numpy\n")

    with pytest.raises(ResolverUnknown) as caught:
        chosen(claims, tmp_path, resolver="poetry-lock")

    assert caught.value.claims == ("requirements (requirements.txt)",)
    assert caught.value.exit_code == 3
