"""The prefix takes the place of the placeholder, in text and in programs, whatever their size."""

from __future__ import annotations

import tempfile
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seldon_builder.prefix import DEPENDENCIES
from seldon_plugins.conda.contents import BINARY, TEXT
from seldon_plugins.conda.prefixes import MOST_PLACES, Piece, PlacesTooMany, PrefixTooLong, with_prefix

PREFIX = DEPENDENCIES.encode()
LONG, SHORT = "/placehold" * 20, "/ph"


def replaced(content: bytes, placeholder: str, mode: str) -> bytes:
    """Replace in a part of a file, with what must not be touched on both sides of it."""
    around = placeholder.encode() + b"\0"
    with tempfile.TemporaryFile() as file:
        file.write(around + content + around)
        file.flush()
        piece = with_prefix(Piece(file, len(around), len(content)), placeholder, mode)
        found = piece.open().read()
        assert len(found) == piece.size
        assert b"".join(piece.parts()) == found
        return found


@pytest.mark.parametrize("placeholder", [LONG, SHORT])
def test_text_grows_or_shrinks(placeholder: str) -> None:
    content = f"a={placeholder}/lib\nb={placeholder}:{placeholder}\n".encode()

    assert replaced(content, placeholder, TEXT) == content.replace(placeholder.encode(), PREFIX)


def test_strings_of_a_program_keep_their_length() -> None:
    content = b"\x7fELF\0" + f"x{LONG}/lib:{LONG}/b\0y\0{LONG}\0z".encode()

    first = f"x{DEPENDENCIES}/lib:{DEPENDENCIES}/b".encode().ljust(len(LONG) * 2 + 9, b"\0")
    second = PREFIX.ljust(len(LONG), b"\0")
    assert replaced(content, LONG, BINARY) == b"\x7fELF\0" + first + b"y\0" + second + b"\0z"


def test_a_string_without_an_end_is_left_alone() -> None:
    assert replaced(LONG.encode(), LONG, BINARY) == LONG.encode()


def test_a_program_without_room_is_refused() -> None:
    with pytest.raises(PrefixTooLong):
        replaced(f"{SHORT}/lib\0".encode(), SHORT, BINARY)


def test_a_large_program_is_changed_in_parts() -> None:
    filler = bytes(range(1, 251)) * 9000
    content = b"\0".join((filler, f"{LONG}/lib".encode(), filler, LONG.encode(), filler))

    found = replaced(content, LONG, BINARY)

    assert len(found) == len(content)
    assert found.count(PREFIX) == 2
    assert LONG.encode() not in found


def test_a_program_without_an_end_of_strings_is_read_once() -> None:
    content = LONG.encode() * 20_000
    began = time.monotonic()

    assert replaced(content, LONG, BINARY) == content
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("mode", [TEXT, BINARY])
def test_more_places_than_any_file_has_are_refused(mode: str) -> None:
    with pytest.raises(PlacesTooMany):
        replaced(LONG.encode() * (MOST_PLACES + 1) + b"\0", LONG, mode)


def test_nothing_is_done_to_an_empty_file() -> None:
    assert replaced(b"", LONG, TEXT) == b""


@given(st.lists(st.one_of(st.just(LONG.encode()), st.just(b"\0"), st.binary(max_size=9)), max_size=20))
def test_programs_of_any_shape_keep_their_length(parts: list[bytes]) -> None:
    content = b"".join((*parts, b"\0"))

    found = replaced(content, LONG, BINARY)

    assert len(found) == len(content)
    assert LONG.encode() not in found
