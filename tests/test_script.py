"""Script headers (PEP 723) in the model's module."""

from __future__ import annotations

from pathlib import Path

import pytest
from seldon_builder.detection import Detection
from seldon_builder.errors.projects import GroupUnknown, ProjectUnreadable
from seldon_builder.events import silent
from seldon_builder.inputs.source_reading import read_source
from seldon_plugins.projects import script

from .project_folders import folder_of, settings

MODEL = "class Model:\n    def predict(self, X): ...\n"
HEADER = """# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "toolz",
#
#   "numpy>=1.26",
# ]
# ///
"""


def detect(folder: Path, files: dict[str, str | bytes], **variables: str) -> Detection | None:
    return script.seldon_detect(read_source(folder_of(folder, files), silent), settings(**variables))


def read(folder: Path, text: str | bytes, **variables: str) -> Detection:
    claim = detect(folder, {"Model.py": text}, **variables)
    assert claim is not None
    found = script.seldon_read(claim, read_source(folder, silent), settings(**variables))
    assert found is not None
    return found


def test_the_header_of_the_model_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, HEADER + MODEL)

    assert [item.line for item in found.requirements] == ["toolz", "numpy>=1.26"]
    assert [item.origin for item in found.requirements] == ["Model.py:4", "Model.py:6"]
    assert (found.requires_python, found.files) == (">=3.10", ("Model.py",))


@pytest.mark.parametrize("ends", ["\r\n", "\n"])
def test_a_header_after_other_lines_and_with_other_blocks_is_read(tmp_path: Path, ends: str) -> None:
    text = f"#!/usr/bin/env python\n'''Why.'''\n# /// other\n# x = 1\n# ///\n\n{HEADER}{MODEL}"

    assert len(read(tmp_path, text.replace("\n", ends).encode()).requirements) == 2


def test_only_the_module_of_the_model_counts(tmp_path: Path) -> None:
    assert detect(tmp_path, {"Model.py": MODEL, "train.py": HEADER}) is None


def test_model_name_says_which_module_that_is(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "pkg/other.py": HEADER + MODEL,
        "Model.py": MODEL,
    }
    found = detect(tmp_path, files, MODEL_NAME="pkg.other.Model")

    assert found is not None
    assert found.files == ("pkg/other.py",)


def test_a_folder_without_a_model_claims_nothing(tmp_path: Path) -> None:
    assert detect(tmp_path, {"a.py": HEADER}) is None


def test_a_header_has_no_groups(tmp_path: Path) -> None:
    with pytest.raises(GroupUnknown, match="group serve: there is none"):
        read(tmp_path, HEADER + MODEL, SELDON_GROUPS="serve")


def test_the_tables_of_uv_are_heeded(tmp_path: Path) -> None:
    header = """# /// script
# dependencies = ["own"]
# [tool.uv]
# constraint-dependencies = ["numpy<3"]
# [tool.uv.sources]
# own = { path = "libs/own" }
# [[tool.uv.index]]
# url = "https://me:s3cret@example.com/simple"
# ///
"""
    folder_of(tmp_path, {"libs/own/pyproject.toml": "[project]\nname = 'own'\n"})
    found = read(tmp_path, header + MODEL)

    assert [item.build for item in found.requirements] == [str(tmp_path / "libs" / "own")]
    assert [item.line for item in found.constraints] == ["numpy<3"]
    assert found.index.extra_index_urls == ("https://example.com/simple",)
    assert found.index.credentials[0].password.reveal() == "s3cret"


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("# /// script\n# dependencies = []\n\n", r"Model\.py:1: the script header is not closed"),
        (
            "\n# /// script\n# a = ]\n# ///\n",
            r"Model\.py:3: the script header cannot be read: it is not TOML",
        ),
        (HEADER + "\n" + HEADER, r"Model\.py:10: there is a second script header; the first is in line 1"),
        ("# /// script\n# dependencies = 'a'\n# ///\n", r"\[dependencies\]: it must be a list"),
        ("# /// script\n# dependencies = ['a b']\n# ///\n", r"Model\.py:2: 'a b'"),
        ("# /// script\n# requires-python = 3\n# ///\n", "must be a string"),
        ("# /// script\n# requires-python = 'x'\n# ///\n", r"Model\.py:2: 'x'"),
        ("# /// script\n# x = " + "[" * 9999 + "\n# ///\n", "nested too deep"),
        ("# /// script, maybe\n", "must stand at the beginning of a line of its own"),
    ],
)
def test_a_bad_header_is_told_with_its_line(tmp_path: Path, header: str, reason: str) -> None:
    with pytest.raises(ProjectUnreadable, match=reason):
        read(tmp_path, header + MODEL)
