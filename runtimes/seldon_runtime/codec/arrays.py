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
RAGGED = "the rows of the array differ in length or depth"

if not hasattr(np, "exceptions"):
    # numpy before 1.24 warns of ragged rows, which are refused below.
    warnings.filterwarnings("ignore", "Creating an ndarray from ragged", module=__name__)


def array_of(rows: object) -> npt.NDArray[Any]:
    """Return the array that numpy makes of ``rows``; PayloadInvalid where they are ragged."""
    if type(rows) is list and rows:
        first = rows[0]
        if len(rows) >= WORTHWHILE or (type(first) is list and len(first) >= WORTHWHILE):
            floats = _floats_of(rows)
            if floats is not None:
                return floats
    return _array_of_any(rows)


def _floats_of(rows: list[Any]) -> npt.NDArray[np.float64] | None:
    """Return the array of rows of equal length whose first number is a float, None where they are not.

    One float makes an array of floats. struct takes a third of the time that numpy takes to find out.
    """
    shape, values = [len(rows)], rows
    try:
        while type(values[0]) is list:
            width = len(values[0])
            if not width or set(map(len, values)) != {width}:
                return None
            shape.append(width)
            values = list(chain.from_iterable(values))
        if type(values[0]) is not float:
            return None
        array = np.empty(len(values))
        struct.pack_into(f"{len(values)}d", array.data, 0, *values)
    except (struct.error, TypeError, OverflowError):
        # Texts, nulls, rows of differing depth, integers that no float holds: numpy knows.
        return None
    return array.reshape(shape)


def _array_of_any(rows: object) -> npt.NDArray[Any]:
    try:
        array = np.array(rows)
    except (ValueError, OverflowError, RecursionError) as error:
        raise PayloadInvalid(RAGGED) from error
    except MemoryError as error:
        # Each of its texts takes the room of the longest.
        raise PayloadInvalid("the array takes more memory than there is") from error
    # Before numpy 1.24 ragged rows became an array of lists.
    if array.dtype.kind == "O" and any(isinstance(item, list) for item in array.flat):
        raise PayloadInvalid(RAGGED)
    return array


def shaped(values: npt.NDArray[Any], shape: object) -> npt.NDArray[Any]:
    """Return ``values`` in the shape that a tensor names; PayloadInvalid where they do not fill it."""
    try:
        return values.reshape(_lengths(shape))
    except (ValueError, TypeError, OverflowError) as error:
        raise PayloadInvalid(
            f"the tensor has {values.size} values, which do not fill shape {str(shape)[:100]}"
        ) from error


def _lengths(shape: object) -> tuple[int, ...]:
    if not isinstance(shape, Sequence) or isinstance(shape, str):
        raise TypeError(shape)
    return tuple(shape)
