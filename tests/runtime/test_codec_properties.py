"""What holds for every message, not only for those somebody thought of."""

from __future__ import annotations

import base64
import json
import math
import warnings
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from seldon_runtime.codec import json_codec as codec
from seldon_runtime.codec.arrays import array_of
from seldon_runtime.codec.json_request import JsonRequest
from seldon_runtime.message import Answer, Kind
from seldon_runtime.request_errors import PayloadInvalid, RequestError

finite = some.floats(allow_nan=False, allow_infinity=False)
whole = some.integers(-(2**63), 2**63 - 1)
text = some.text(some.characters(exclude_categories=["Cs"]))
values: Any = some.recursive(
    some.none() | some.booleans() | whole | finite | text,
    lambda inner: some.lists(inner, max_size=5) | some.dictionaries(text, inner, max_size=5),
    max_leaves=20,
)


@some.composite
def arrays(draw: Any, elements: Any, dtype: Any) -> Any:
    shape = draw(some.lists(some.integers(1, 20), min_size=1, max_size=3))
    size = math.prod(shape)
    few = draw(some.lists(elements, min_size=1, max_size=20))
    return np.resize(np.array(few, dtype), size).reshape(shape)


def there_and_back(answer: Answer) -> Any:
    return codec.decode(codec.parse(codec.encode(answer)))


@given(arrays(finite, np.float64) | arrays(whole, np.int64), some.sampled_from([Kind.NDARRAY, Kind.TENSOR]))
def test_an_array_survives_the_way_there_and_back(array: Any, kind: Kind) -> None:
    found = there_and_back(Answer(array, kind))

    assert (found.payload.dtype, found.payload.shape, found.kind) == (array.dtype, array.shape, kind)
    assert np.array_equal(found.payload, array)
    # The model may write to it.
    assert found.payload.flags.writeable


@given(text)
def test_a_text_survives(payload: str) -> None:
    assert there_and_back(Answer(payload)).payload == payload


@given(some.binary())
def test_bytes_survive(payload: bytes) -> None:
    assert there_and_back(Answer(payload)).payload == payload


@given(some.binary())
def test_base64_of_any_spelling_is_read(payload: bytes) -> None:
    for written in (
        base64.b64encode(payload),
        base64.urlsafe_b64encode(payload),
        base64.b64encode(payload).rstrip(b"="),
        base64.encodebytes(payload),
    ):
        assert codec.decode({"binData": written.decode()}).payload == payload


@given(some.dictionaries(text, values, max_size=5), some.dictionaries(text, values, max_size=5))
def test_a_dict_survives_and_so_does_its_meta(payload: Any, tags: Any) -> None:
    found = there_and_back(Answer(payload, meta={"tags": tags}))

    assert (found.payload, found.meta) == (payload, {"tags": tags})


scalars = some.none() | some.booleans() | whole | finite | text


def made(rows: Any) -> Any:
    """Return numpy's own array, None of ragged rows, of which numpy before 1.24 only warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return np.array(rows)
        except (ValueError, Warning):
            return None


@given(some.lists(some.lists(scalars, max_size=15), max_size=15) | values)
def test_rows_become_the_array_that_numpy_makes_of_them(rows: Any) -> None:
    wanted = made(rows)
    if wanted is None:
        with pytest.raises(PayloadInvalid):
            array_of(rows)
        return
    found = array_of(rows)

    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    assert found.tolist() == wanted.tolist()


@pytest.mark.parametrize(
    "rows",
    [
        [1.5] * 20,
        [1.5, 2] * 20,
        [1.5, True] * 20,
        [1.5, None] * 20,
        [1.5, "a"] * 20,
        [1, 2.5] * 20,
        [1.5, 10**400],
        [True, False] * 20,
        [[1.5, 2.0]] * 20,
        [[[1.5] * 3] * 4] * 5,
        [[1.5] * 20],
        [[]] * 20,
        [{}] * 20,
        [""] * 20,
        [[[1.5]], [["a"]]] * 20,
    ],
)
def test_the_quick_way_agrees_with_numpy(rows: Any) -> None:
    wanted = np.array(rows)
    found = array_of(rows)

    assert (found.dtype, found.shape, found.tolist()) == (wanted.dtype, wanted.shape, wanted.tolist())


@pytest.mark.parametrize(
    "rows", [[[1.5] * 20, [1.5] * 19], [[1.5]] * 20 + [1.5], [[[1.5]], [1.5]] * 20, [1.5, [1.5]] * 9]
)
def test_the_quick_way_refuses_ragged_rows(rows: Any) -> None:
    with pytest.raises(PayloadInvalid):
        array_of(rows)


KEYS = (
    "data ndarray tensor tftensor names shape values binData strData meta request response truth reward "
    "routing seldonMessages customData @type dtype tensorShape dim size"
)
keys = some.sampled_from(KEYS.split())
nearly: Any = some.recursive(
    values | some.lists(whole | finite),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(keys, inner, max_size=4),
    max_leaves=15,
)


@given(values | some.dictionaries(keys, nearly, max_size=4))
def test_no_document_whatever_makes_the_codec_fail(document: Any) -> None:
    request = JsonRequest(codec.parse(json.dumps(document)))
    for decode in (request.message, request.messages, request.feedback):
        with suppress(RequestError):
            decode()


@given(some.binary(max_size=200))
def test_no_bytes_make_the_parser_fail(body: bytes) -> None:
    with suppress(PayloadInvalid):
        codec.parse(body)
