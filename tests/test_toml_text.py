from __future__ import annotations

from pathlib import Path

import pytest
from seldon_builder.toml_text import NotToml, read_toml

ROOT = Path(__file__).parents[1]
READING_ENGINES = {"uv_resolution.py", "uv_pins.py", "uv_lock_reading.py", "toml_text.py"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = ]\n", "it is not TOML: .*line 1"),
        ("a = " + "[" * 5000 + "]" * 5000, "nested too deep"),
        ("a = " + "9" * 5000, "thousands of digits"),
    ],
    ids=["half a line", "5000 lists", "5000 digits"],
)
def test_what_is_no_toml_is_told(text: str, said: str) -> None:
    with pytest.raises(NotToml, match=said):
        read_toml(text)


def test_nothing_that_users_write_is_parsed_elsewhere() -> None:
    files = [*(ROOT / "builder").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]

    assert {file.name for file in files if "tomllib.load" in file.read_text()} == READING_ENGINES
