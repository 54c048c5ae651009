"""What is counted, and how it reads."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping
from typing import Any

import prometheus_client
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.registry import Collector
from seldon_runtime.component.unit import Unit
from seldon_runtime.metrics import authors_registry, exposition
from seldon_runtime.metrics.cells import Cells
from seldon_runtime.metrics.custom import checked
from seldon_runtime.metrics.keys import TIMES
from seldon_runtime.metrics.recorder import Recorder
from seldon_runtime.metrics.scrape import scraped

UNIT = Unit(
    id="classifier",
    image="registry:5000/iris:1.2",
    deployment="flowers",
    predictor="main",
    predictor_version="v7",
    variables={"MODEL_NAME": "Iris"},
)
LABELS_OF_UNIT = {
    "deployment_name": "flowers",
    "model_name": "classifier",
    "model_image": "registry:5000/iris",
    "model_version": "1.2",
    "predictor_name": "main",
    "predictor_version": "v7",
}
LEGACY = {"seldon_deployment_name": "flowers", "image_name": "registry:5000/iris", "image_version": "1.2"}
Samples = dict[str, list[tuple[Mapping[str, str], float]]]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(UNIT)


def metric(kind: str, key: str, value: object, **tags: object) -> dict[str, object]:
    return {"type": kind, "key": key, "value": value, "tags": tags}


def read_open(recorder: Recorder) -> list[Any]:
    """Return what strict readers of OpenMetrics find."""
    return list(parse_open(exposition.open_metrics(scraped(recorder)).decode()))  # type: ignore[no-untyped-call]  # theirs


def samples(found: Iterable[Any]) -> Samples:
    by_name: Samples = {}
    for family in found:
        for sample in family.samples:
            by_name.setdefault(sample.name, []).append((sample.labels, sample.value))
    return by_name


def numbers(recorder: Recorder, name: str) -> list[float]:
    return [value for _, value in samples(read_open(recorder)).get(name, [])]


def test_requests_are_counted_by_method_protocol_and_code(recorder: Recorder) -> None:
    for code in ("200", "200", "500"):
        recorder.began("rest")
        recorder.ended("transform_input", "rest", code, 0.003)

    assert samples(read_open(recorder))["seldon_api_server_requests_total"] == [
        ({"method": "inputtransform", "protocol": "rest", "code": "200", **LABELS_OF_UNIT}, 2),
        ({"method": "inputtransform", "protocol": "rest", "code": "500", **LABELS_OF_UNIT}, 1),
    ]


@pytest.mark.parametrize(
    ("seconds", "bound"), [(0.005, "0.005"), (0.0051, "0.01"), (61, "+Inf"), (0, "0.0001")]
)
def test_a_request_falls_into_the_first_bucket_that_holds_it(
    recorder: Recorder, seconds: float, bound: str
) -> None:
    recorder.ended("predict", "grpc", "OK", seconds)
    buckets = samples(read_open(recorder))["seldon_api_server_request_duration_seconds_bucket"]

    assert next(labels["le"] for labels, value in buckets if value) == bound
    assert numbers(recorder, "seldon_api_server_request_duration_seconds_sum") == [seconds]


def test_requests_in_flight_go_up_and_down(recorder: Recorder) -> None:
    recorder.began("rest")
    recorder.began("rest")
    recorder.began("grpc")
    recorder.ended("predict", "rest", "200", 1)

    in_flight = samples(read_open(recorder))["seldon_api_server_requests_in_flight"]
    assert {labels["protocol"]: value for labels, value in in_flight} == {"rest": 1, "grpc": 1}


def test_a_front_of_somebody_else_is_counted_too(recorder: Recorder) -> None:
    recorder.began("pigeon")
    recorder.ended("predict", "pigeon", "fed", 3600)

    assert numbers(recorder, "seldon_api_server_requests_total") == [1]


def test_rewards_may_go_down(recorder: Recorder) -> None:
    for reward in (2.0, -3.5, math.nan, math.inf):
        recorder.reward(reward)

    assert numbers(recorder, "seldon_api_model_feedback_total") == [2]
    assert numbers(recorder, "seldon_api_model_feedback_reward_total") == [-1.5]


@pytest.mark.parametrize("key", ["mine", "mine_total"])
def test_a_counter_adds_up_under_one_name(recorder: Recorder, key: str) -> None:
    recorder.custom([metric("COUNTER", key, 1.5), metric("COUNTER", key, 2)], "predict")

    assert samples(read_open(recorder))["mine_total"] == [
        ({"method": "predict", **LABELS_OF_UNIT, **LEGACY}, 3.5)
    ]


def test_a_gauge_holds_the_last_value_and_tells_its_worker(recorder: Recorder) -> None:
    recorder.custom([metric("GAUGE", "level", 1), metric("GAUGE", "level", -2.5)], "aggregate")
    ((labels, value),) = samples(read_open(recorder))["level"]

    assert value == -2.5
    assert labels == {
        "method": "aggregate",
        **LABELS_OF_UNIT,
        **LEGACY,
        "worker_id": str(recorder.tables()[0].owner),
    }


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_gauge_may_be_no_finite_number(recorder: Recorder, value: float) -> None:
    recorder.custom([metric("GAUGE", "level", value)], "predict")

    assert str(numbers(recorder, "level")) == str([value])


def test_a_timer_takes_milliseconds_and_shows_seconds(recorder: Recorder) -> None:
    recorder.custom([metric("TIMER", "took", 20), metric("TIMER", "took", 31000)], "predict")
    found = samples(read_open(recorder))

    assert [value for _, value in found["took_sum"]] == [31.02]
    assert [labels["le"] for labels, _ in found["took_bucket"]] == [*map(str, TIMES), "+Inf"]
    assert [value for _, value in found["took_bucket"]] == [0] * 15 + [1] * 35 + [2]


def test_a_clock_that_was_set_back_counts_as_no_time(recorder: Recorder) -> None:
    recorder.custom([metric("TIMER", "took", -5)], "predict")

    assert (numbers(recorder, "took_count"), numbers(recorder, "took_sum")) == ([1], [0])


def test_the_bounds_of_a_timer_are_those_of_seldon() -> None:
    exact = [0.001 * (30 / 0.001) ** (step / 49) for step in range(50)]

    assert [*TIMES] == pytest.approx(exact, rel=0.005)
    assert (TIMES[0], TIMES[-1]) == (0.001, 30.0)


@pytest.mark.parametrize(
    ("method", "label"),
    [
        ("predict", "predict"),
        ("transform_input", "inputtransform"),
        ("transform_output", "outputtransform"),
        ("route", "router"),
        ("aggregate", "aggregate"),
        ("send_feedback", "feedback"),
        ("health_status", "health"),
    ],
)
def test_a_metric_says_which_method_gave_it(recorder: Recorder, method: str, label: str) -> None:
    recorder.custom([metric("COUNTER", "mine", 1)], method)

    assert [labels["method"] for labels, _ in samples(read_open(recorder))["mine_total"]] == [label]


def test_what_is_not_known_of_the_component_is_not_implemented() -> None:
    recorder = Recorder(Unit())
    recorder.custom([metric("COUNTER", "mine", 1)], "predict")
    ((labels, _),) = samples(read_open(recorder))["mine_total"]

    assert {value for name, value in labels.items() if name != "method"} == {"NOT_IMPLEMENTED"}


@pytest.mark.parametrize(
    ("image", "name", "version"),
    [
        ("iris", "iris", "NOT_IMPLEMENTED"),
        ("host:5000/iris", "host:5000/iris", "NOT_IMPLEMENTED"),
        ("host:5000/iris:1", "host:5000/iris", "1"),
        ("iris@sha256:ab", "iris", "sha256:ab"),
    ],
)
def test_an_image_is_split_where_its_version_begins(image: str, name: str, version: str) -> None:
    recorder = Recorder(Unit(image=image))
    recorder.custom([metric("COUNTER", "mine", 1)], "predict")
    ((labels, _),) = samples(read_open(recorder))["mine_total"]

    assert (labels["model_image"], labels["model_version"]) == (name, version)


def test_a_name_that_is_not_allowed_is_changed(recorder: Recorder) -> None:
    recorder.custom([metric("GAUGE", "my.gauge-x", 1), metric("GAUGE", "1st", 2)], "predict")

    assert (numbers(recorder, "my_gauge_x"), numbers(recorder, "_1st")) == ([1], [2])


def test_one_key_of_two_types_becomes_two_names(recorder: Recorder) -> None:
    recorder.custom([metric(kind, "it", 1) for kind in ("GAUGE", "COUNTER", "TIMER")], "predict")

    assert [numbers(recorder, name) for name in ("it", "it_counter_total", "it_histogram_count")] == [[1]] * 3


def test_names_of_ours_stay_ours(recorder: Recorder) -> None:
    recorder.reward(1)
    recorder.custom([metric("COUNTER", "seldon_api_model_feedback", 5)], "predict")

    assert numbers(recorder, "seldon_api_model_feedback_total") == [1]
    assert numbers(recorder, "seldon_api_model_feedback_counter_total") == [5]


def test_tags_become_labels_whatever_they_are(recorder: Recorder) -> None:
    class Odd:
        def __str__(self) -> str:
            raise RuntimeError

    tags = {
        "a b": 1,
        "a-b": 2.5,
        "a_b": None,
        7: b"\xff",
        "method": True,
        "__name__": "x",
        "": Odd(),
        "é": 'q"\\\n',
    }
    recorder.custom([{"type": "COUNTER", "key": "mine", "value": 1, "tags": tags}], "predict")
    ((labels, _),) = samples(read_open(recorder))["mine_total"]

    assert {name: labels[name] for name in labels if name not in {*LABELS_OF_UNIT, *LEGACY}} == {
        "a_b": "None",
        "a_b_2": "1",
        "a_b_3": "2.5",
        "_7": "\ufffd",
        "method": "predict",
        "exported_method": "True",
        "exported_name__": "x",
        "_": "Odd",
        "_2": 'q"\\\n',
    }


def test_series_differ_by_their_tags_whatever_their_order(recorder: Recorder) -> None:
    recorder.custom(
        [metric("COUNTER", "mine", 1, a=1, b=2), metric("COUNTER", "mine", 1, b=2, a=1)], "predict"
    )
    recorder.custom([metric("COUNTER", "mine", 1, a=1, b=True)], "predict")

    assert numbers(recorder, "mine_total") == [2, 1]


def test_too_many_series_are_dropped_and_counted(
    recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder(UNIT, Cells(most=50))
    for number in range(100):
        recorder.custom([metric("COUNTER", "mine", 1, request=number)], "predict")
    recorder.custom([metric("COUNTER", "mine", 1, request=0)], "predict")
    kept = numbers(recorder, "mine_total")

    assert (kept[0], set(kept[1:])) == (2, {1})
    assert numbers(recorder, "seldon_metrics_dropped_total") == [100 - len(kept)]
    assert len(caplog.records) == 1


def test_authors_cannot_take_the_room_of_requests() -> None:
    recorder = Recorder(UNIT, Cells(memoryview(bytearray(1 << 18))))
    for number in range(1000):
        recorder.custom([metric("TIMER", "mine", 1, request=number)], "predict")
    recorder.ended("predict", "rest", "500", 1)

    assert numbers(recorder, "seldon_api_server_requests_total") == [1]


def test_nothing_is_lost_between_threads(recorder: Recorder) -> None:
    def count() -> None:
        for _ in range(5000):
            recorder.began("grpc")
            recorder.custom([metric("COUNTER", "mine", 1)], "predict")
            recorder.ended("predict", "grpc", "OK", 0.5)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert numbers(recorder, "mine_total") == [20000]
    assert numbers(recorder, "seldon_api_server_request_duration_seconds_sum") == [10000]
    assert numbers(recorder, "seldon_api_server_requests_in_flight") == [0]


def test_the_process_and_what_serves_are_told(recorder: Recorder) -> None:
    found = samples(read_open(recorder))

    assert found["seldon_runtime_info"][0][0]["model_class"] == "Iris"
    assert 1e6 < found["process_resident_memory_bytes"][0][1] < 1e10
    assert found["process_cpu_seconds_total"][0][1] > 0
    assert found["process_start_time_seconds"][0][1] > 1.6e9


keys = st.text(min_size=1, max_size=12) | st.sampled_from(
    ["a", "a_total", "a_sum", "a_bucket", "_total", "a_created"]
)
odd = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=4)
anything = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["COUNTER", "GAUGE", "TIMER"]),
        "key": keys,
        "value": st.floats() | st.integers(),
        "tags": st.dictionaries(odd | st.sampled_from(["le", "worker_id", "a", "a.b"]), odd, max_size=4),
    }
)


@settings(max_examples=200, deadline=None)
@given(st.lists(anything, max_size=8), st.text(max_size=10))
def test_whatever_a_model_gives_strict_readers_read_it(metrics: list[dict[str, object]], image: str) -> None:
    recorder = Recorder(Unit(image=image, id=image))
    recorder.custom(checked(metrics, strict=False), "predict")
    shown = scraped(recorder)
    opened = read_open(recorder)
    texts = list(parse_text(exposition.text(shown).decode()))

    assert len(opened) == len(texts) == len(shown)
    assert {family.type for family in texts} <= {"counter", "gauge", "histogram"}
    assert samples(opened).keys() == samples(texts).keys()


OPEN, OLD = "application/openmetrics-text", "text/plain"


@pytest.mark.parametrize(
    ("accept", "is_open"),
    [
        ("", False),
        ("*/*", False),
        (OLD, False),
        (OPEN, True),
        (f"{OPEN};version=1.0.0,{OLD};version=0.0.4;q=0.5,*/*;q=0.1", True),
        (f"{OPEN};version=1.0.0;escaping=allow-utf-8;q=0.5,{OLD};version=0.0.4;q=0.4,*/*;q=0.1", True),
        (f"{OLD};version=0.0.4;q=0.6, {OPEN};version=1.0.0;q=0.3", False),
        (f"{OPEN};q=0", False),
        (f"{OPEN};q=x", False),
    ],
)
def test_openmetrics_comes_where_it_is_preferred(accept: str, is_open: bool) -> None:
    assert exposition.wants_open_metrics(accept) is is_open


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> prometheus_client.CollectorRegistry:
    """The default registry of a model that uses prometheus_client."""
    registry = prometheus_client.CollectorRegistry()
    monkeypatch.setattr(prometheus_client, "REGISTRY", registry)
    authors_registry._warn.cache_clear()
    return registry


def test_a_model_may_keep_metrics_with_prometheus_client(
    recorder: Recorder, registry: prometheus_client.CollectorRegistry
) -> None:
    prometheus_client.Counter("theirs", "", ["a"], registry=registry).labels('q"\n').inc(3)
    prometheus_client.Summary("summed", "", registry=registry).observe(2)
    prometheus_client.Histogram("spread", "", registry=registry).observe(0.2)
    prometheus_client.Enum("state", "", states=["on", "off"], registry=registry).state("off")
    prometheus_client.Info("model", "", registry=registry).info({"layers": "3"})
    found = samples(read_open(recorder))

    assert found["theirs_total"] == [({"a": 'q"\n'}, 3)]
    assert found["state"] == [({"state": "on"}, 0), ({"state": "off"}, 1)]
    assert [name in found for name in ("summed_sum", "spread_bucket", "model_info")] == [True] * 3
    assert list(parse_text(exposition.text(scraped(recorder)).decode()))


def test_a_name_that_is_taken_is_left_out_of_theirs(
    recorder: Recorder, registry: prometheus_client.CollectorRegistry
) -> None:
    prometheus_client.Gauge("seldon_api_model_feedback_reward_total", "", registry=registry).set(5)
    recorder.reward(1)

    assert numbers(recorder, "seldon_api_model_feedback_reward_total") == [1]


def test_a_collector_that_raises_takes_nothing_with_it(
    recorder: Recorder, registry: prometheus_client.CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Collector):
        works = True

        def collect(self) -> Iterable[GaugeMetricFamily]:
            yield GaugeMetricFamily("before", "", value=1)
            if not self.works:
                raise RuntimeError("of theirs")

    registry.register(Broken())
    Broken.works = False
    recorder.reward(1)
    read_open(recorder)

    assert numbers(recorder, "before") == [1]
    assert numbers(recorder, "seldon_api_model_feedback_total") == [1]
    assert [record.message.endswith("RuntimeError: of theirs") for record in caplog.records] == [True]
