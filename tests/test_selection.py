from __future__ import annotations

from pathlib import Path

import pytest
from seldon_builder.dependencies.selection import Chosen
from seldon_builder.errors.projects import GroupUnknown
from seldon_builder.events import silent
from seldon_builder.inputs.source_reading import read_source
from seldon_plugins import requirements

from .project_folders import folder_of, settings


def test_names_stand_apart_by_blanks_or_commas_and_are_normalised() -> None:
    assert Chosen.of(settings(SELDON_GROUPS="Serve_All, dev  serve.all")).groups == {"serve-all", "dev"}


def test_nothing_is_named_by_default() -> None:
    assert Chosen.of(settings()) == Chosen()


def test_names_are_compared_as_they_are_normalised() -> None:
    Chosen(frozenset(["serve-all"])).check(["Serve_All"])


def test_extras_that_only_a_build_tells_are_not_refused() -> None:
    chosen = Chosen(extras=frozenset(["gpu"]))
    chosen.check((), None)

    with pytest.raises(GroupUnknown):
        chosen.check()


def test_requirements_have_no_groups(tmp_path: Path) -> None:
    source = read_source(folder_of(tmp_path, {"requirements.txt": "numpy\n"}), silent)
    claim = requirements.seldon_detect(source)
    assert claim is not None

    with pytest.raises(GroupUnknown) as caught:
        requirements.seldon_read(claim, source, settings(SELDON_GROUPS="serve", SELDON_EXTRAS="gpu"))

    assert caught.value.unknown == (("group", "serve"), ("extra", "gpu"))
