"""Which folders of local wheels take part, and how they are named."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from seldon_builder.cli.asking import injected
from seldon_builder.errors.source import SettingInvalid
from seldon_builder.settings import Setting, Settings
from seldon_builder.source import Source
from seldon_plugins.indexes import wheel_folders


def folders(root: Path, named: str = "") -> tuple[str, ...]:
    said = (Setting("SELDON_WHEELS", named, "-e", build_only=True),) if named else ()
    index = wheel_folders.seldon_package_index(Source(root, ()), Settings(said))
    return index.wheel_folders if index else ()


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands for /whl of this machine."""
    monkeypatch.setattr(wheel_folders, "MACHINE", str(tmp_path / "machine"))
    return tmp_path / "machine"


def test_without_a_folder_there_is_no_index(tmp_path: Path) -> None:
    assert wheel_folders.seldon_package_index(Source(tmp_path, ()), Settings()) is None


def test_what_is_named_comes_first_then_the_machine_then_the_source(tmp_path: Path, machine: Path) -> None:
    for place in (tmp_path / "mine", machine, tmp_path / "model" / "whl", tmp_path / "model" / "wheels"):
        place.mkdir(parents=True)
    root = tmp_path / "model"
    expected = (f"{tmp_path}/mine", str(machine), f"{root}/whl", f"{root}/wheels")
    assert folders(root, str(tmp_path / "mine")) == expected


def test_a_relative_name_is_one_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "vendor" / "more wheels").mkdir(parents=True)
    named = f"vendor {(tmp_path / 'vendor' / 'more wheels').as_uri()}"
    assert folders(tmp_path, named) == (f"{tmp_path}/vendor", f"{tmp_path}/vendor/more wheels")


def test_a_package_called_wheels_is_code(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "__init__.py").touch()
    assert folders(tmp_path) == ()


def test_a_file_called_whl_is_no_folder(tmp_path: Path, machine: Path) -> None:
    machine.touch()
    (tmp_path / "whl").touch()
    assert folders(tmp_path) == ()


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingInvalid, match=r"gone is no folder of wheels[\s\S]*file is no folder"):
        folders(tmp_path, "gone file")


@pytest.mark.parametrize("text", ["{}:/whl", "{}", "{}:/whl/"])
def test_a_folder_is_injected_as_s2i_spells_it(tmp_path: Path, text: str) -> None:
    assert injected(text.format(tmp_path)) == str(tmp_path)


def test_a_name_with_a_blank_survives_the_list_that_it_becomes_part_of(tmp_path: Path) -> None:
    (tmp_path / "my wheels").mkdir()
    assert folders(tmp_path, injected(f"{tmp_path}/my wheels:/whl")) == (f"{tmp_path}/my wheels",)


@pytest.mark.parametrize("text", ["wheels:/etc", ":/whl", "wheels:", ""])
def test_nothing_else_can_be_injected(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="only wheels can be injected, as DIR:/whl"):
        injected(text)
