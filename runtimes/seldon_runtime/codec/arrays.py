"""JSON values as numpy arrays."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from ..request_errors import PayloadInvalid

# Below so many rows or columns numpy's own way is as fast.
WORTHWHILE = 12
# numpy before 2.0 has no more.
MOST_DIMENSIONS = 32
# An empty array has columns that nobody sent, and each of them gets a name.
WIDEST_EMPTY = 1 << 16
# numpy gives each text the room of the longest: what those of the largest body take that are of one length.
LARGEST_TEXTS = 512 << 20
# Numbers among texts become text of at most so many characters.
LONGEST_NUMBER = 32
TEXTUAL, LISTS = frozenset({str, int, float, bool}), {list}
RAGGED = "the rows of the array differ in length or depth"

if not hasattr(np, "exceptions"):
    # numpy before 1.24 warns of ragged rows, which are refused below.
    warnings.filterwarnings("ignore", "Creating an ndarray from ragged", module=__name__)


def array_of(rows: object) -> npt.NDArray[Any]:
    """Return the array that numpy makes of ``rows``; PayloadInvalid where they are ragged."""
    if type(rows) is list and rows:
        first = rows[0]
        if len(rows) >= WORTHWHILE or (type(first) is list and len(first) >= WORTHWHILE):
            numbers = _numbers_of(rows)
            if numbers is not None:
                return numbers
    return _array_of_any(rows)


def array_or_none(rows: object) -> npt.NDArray[Any] | None:
    """Return the array that numpy makes of ``rows``, None where they are ragged."""
    try:
        return array_of(rows)
    except PayloadInvalid:
        return None


def _numbers_of(rows: list[Any]) -> npt.NDArray[Any] | None:
    """Return the array of rows of equal length whose first number says the type, None where they are not.

    One float makes an array of floats. struct takes a third of the time that numpy takes to find out.
    """
    shape, values = [len(rows)], rows
    try:
        while type(values[0]) is list:
            if len(shape) == MOST_DIMENSIONS or values[0] is rows:
                return None
            width = len(values[0])
            if not width or set(map(len, values)) != {width}:
                return None
            shape.append(width)
            values = list(chain.from_iterable(values))
        kind = type(values[0])
        if kind is not float and kind is not int:
            return None
        array: npt.NDArray[Any] = np.empty(len(values), np.float64 if kind is float else np.int64)
        struct.pack_into(f"{len(values)}{'d' if kind is float else 'q'}", array.data, 0, *values)
    except (struct.error, TypeError, OverflowError):
        # Texts, nulls, rows of differing depth, floats after integers, longer integers: numpy knows.
        return None
    return array.reshape(shape)


def _array_of_any(rows: object) -> npt.NDArray[Any]:
    if isinstance(rows, list):
        _refuse_vast_texts(rows)
    try:
        array = np.array(rows)
    except (ValueError, OverflowError, RecursionError) as error:
        raise PayloadInvalid(RAGGED) from error
    except MemoryError as error:
        # Each of its texts takes the room of the longest.
        raise PayloadInvalid("the array takes more memory than there is") from error
    if array.ndim > MOST_DIMENSIONS:
        raise PayloadInvalid(f"the array has {array.ndim} dimensions, more than {MOST_DIMENSIONS}")
    # Before numpy 1.24 ragged rows became an array of lists.
    if array.dtype.kind == "O" and any(isinstance(item, list) for item in array.flat):
        raise PayloadInvalid(RAGGED)
    return array


def _refuse_vast_texts(rows: list[Any]) -> None:
    """Refuse short texts beside a long one before numpy fills the memory with them."""
    items = rows
    while (kinds := {*map(type, items)}) == LISTS:
        items = [*chain.from_iterable(items)]
        if items and items[0] is rows:
            return
    # Anything else among them makes an array of objects.
    if str not in kinds or not kinds <= TEXTUAL:
        return
    longest = max(len(item) for item in items if type(item) is str)
    size = 4 * len(items) * max(longest, LONGEST_NUMBER if len(kinds) > 1 else 0)
    if size > LARGEST_TEXTS:
        raise PayloadInvalid(
            f"{len(items)} texts of up to {longest} characters take {size} bytes as an array, "
            f"more than {LARGEST_TEXTS}; send them as jsonData"
        )


def usable(shape: tuple[int, ...], *, is_empty: bool) -> tuple[int, ...]:
    """Return ``shape``, which a client names; PayloadInvalid where it is more than its bytes could fill."""
    if len(shape) > MOST_DIMENSIONS:
        raise PayloadInvalid(f"a shape of {len(shape)} dimensions has more than {MOST_DIMENSIONS}")
    if is_empty and max(shape, default=0) > WIDEST_EMPTY:
        raise PayloadInvalid(f"an array without values is larger than {WIDEST_EMPTY} in a dimension")
    return shape


def shaped(values: npt.NDArray[Any], shape: object) -> npt.NDArray[Any]:
    """Return ``values`` in the shape that a tensor names; PayloadInvalid where they do not fill it."""
    try:
        return values.reshape(usable(_lengths(shape), is_empty=not values.size))
    except (ValueError, TypeError, OverflowError) as error:
        raise PayloadInvalid(
            f"the tensor has {values.size} values, which do not fill shape {str(shape)[:100]}"
        ) from error


def _lengths(shape: object) -> tuple[int, ...]:
    if not isinstance(shape, Sequence) or isinstance(shape, str):
        raise TypeError(shape)
    return tuple(shape)
