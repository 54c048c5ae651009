"""JSON values as numpy arrays."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from ..request_errors import PayloadInvalid

if not hasattr(np, "exceptions"):
    # numpy before 1.24 warns of ragged rows, which are refused below.
    warnings.filterwarnings("ignore", "Creating an ndarray from ragged", module=__name__)


def array_of(rows: object) -> npt.NDArray[Any]:
    """Return the array that numpy makes of ``rows``; PayloadInvalid where they are ragged."""
    try:
        array = np.array(rows)
    except (ValueError, OverflowError) as error:
        raise PayloadInvalid("the rows of the array differ in length or depth") from error
    # Before numpy 1.24 ragged rows became an array of lists.
    if array.dtype.kind == "O" and any(isinstance(item, list) for item in array.flat):
        raise PayloadInvalid("the rows of the array differ in length or depth")
    return array


def shaped(values: npt.NDArray[Any], shape: object) -> npt.NDArray[Any]:
    """Return ``values`` in the shape that a tensor names; PayloadInvalid where they do not fill it."""
    try:
        return values.reshape(tuple(shape))  # type: ignore[arg-type]  # that is what it finds out
    except (ValueError, TypeError, OverflowError) as error:
        raise PayloadInvalid(
            f"the tensor has {values.size} values, which do not fill shape {shape}"
        ) from error
