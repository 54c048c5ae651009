"""What is a metric and what is none."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

import numpy as np
import pytest
from seldon_runtime.metrics.custom import checked
from seldon_runtime.request_errors import MetricInvalid

GOOD = {"type": "COUNTER", "key": "mine", "value": 1}


@pytest.mark.parametrize(
    "metric",
    [
        GOOD,
        {**GOOD, "tags": None},
        {**GOOD, "tags": {1: 2}},
        MappingProxyType(GOOD),
        {**GOOD, "value": 0},
        {**GOOD, "value": np.float32(2.5)},
        {**GOOD, "value": np.int64(2)},
        {**GOOD, "value": Fraction(1, 3)},
        {**GOOD, "key": "my.gauge-x"},
        {**GOOD, "type": "GAUGE", "value": math.nan},
        {**GOOD, "type": "GAUGE", "value": -math.inf},
        {**GOOD, "type": "TIMER", "value": -1},
    ],
)
def test_a_metric_passes_as_it_is(metric: object) -> None:
    (found,) = checked([metric])

    assert found is metric


class Unwritable(dict[str, object]):
    def __repr__(self) -> str:
        raise RuntimeError

    __str__ = keys = items = __iter__ = __repr__  # type: ignore[assignment]  # whatever is asked, it raises


BAD = [
    (None, "a metric is a dict"),
    ([1], "a metric is a dict"),
    ({}, "it lacks type, key, value"),
    ({"type": "COUNTER", "key": "a"}, "it lacks value"),
    ({**GOOD, "type": "SUMMARY"}, "its type is none of COUNTER, GAUGE, TIMER"),
    ({**GOOD, "type": np.array([1, 2])}, "its type is none of"),
    ({**GOOD, "key": 1}, "its key is no text"),
    ({**GOOD, "key": ""}, "its key is no text"),
    ({**GOOD, "value": "1"}, "its value is no number"),
    ({**GOOD, "value": True}, "its value is no number"),
    ({**GOOD, "value": None}, "its value is no number"),
    ({**GOOD, "value": 1j}, "its value is no number"),
    ({**GOOD, "value": Decimal(1)}, "its value is no number"),
    ({**GOOD, "value": 10**400}, "larger than any float"),
    ({**GOOD, "value": -1}, "a COUNTER never goes down"),
    ({**GOOD, "value": math.nan}, "a COUNTER is a finite number"),
    ({**GOOD, "value": math.inf}, "a COUNTER is a finite number"),
    ({**GOOD, "type": "TIMER", "value": math.nan}, "a TIMER is a finite number"),
    ({**GOOD, "tags": [1]}, "its tags are no dict"),
    (Unwritable(type="X", key="a", value=1), "its type is none of"),
]


@pytest.mark.parametrize(("metric", "fault"), BAD)
def test_what_is_none_is_refused_with_the_reason(metric: object, fault: str) -> None:
    with pytest.raises(MetricInvalid, match=fault):
        checked([GOOD, metric])


@pytest.mark.parametrize(("metric", "_fault"), BAD)
def test_where_none_may_be_refused_the_others_stay(metric: object, _fault: str) -> None:
    assert checked([metric, GOOD], strict=False) == [GOOD]


def test_a_refusal_shows_no_megabyte() -> None:
    with pytest.raises(MetricInvalid) as raised:
        checked([{**GOOD, "value": "x" * 1_000_000}])

    assert len(str(raised.value)) < 500
