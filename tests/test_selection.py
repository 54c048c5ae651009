from __future__ import annotations

from pathlib import Path

import pytest
from seldon_builder.dependencies.selection import EXTRAS, GROUPS, named, refuse_named
from seldon_builder.errors.projects import GroupUnknown
from seldon_builder.events import silent
from seldon_builder.inputs.source_reading import read_source
from seldon_plugins import requirements

from .project_folders import folder_of, settings


def test_names_stand_apart_by_blanks_or_commas_and_are_normalised() -> None:
    assert named(settings(SELDON_GROUPS="Serve_All, dev  serve.all"), GROUPS) == ("serve-all", "dev")


def test_nothing_is_named_by_default() -> None:
    refuse_named(settings())

    assert named(settings(), EXTRAS) == ()


def test_requirements_have_no_groups(tmp_path: Path) -> None:
    source = read_source(folder_of(tmp_path, {"requirements.txt": "numpy\n"}), silent)
    claim = requirements.seldon_detect(source)
    assert claim is not None

    with pytest.raises(GroupUnknown) as caught:
        requirements.seldon_read(claim, source, settings(SELDON_GROUPS="serve", SELDON_EXTRAS="gpu"))

    assert caught.value.unknown == (("group", "serve"), ("extra", "gpu"))
