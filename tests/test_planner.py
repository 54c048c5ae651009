from __future__ import annotations

from seldon_builder.digest import Digest
from seldon_builder.layers.planner import BIG, canonical_order, plan, relocked_order
from seldon_builder.lock import Artifact, Lock


def artifact(name: str, size: int, version: str = "1") -> Artifact:
    return Artifact(
        name, version, f"file:///{name}-{version}.whl", Digest.of(f"{name}{version}".encode()), size
    )


def lock(*artifacts: Artifact) -> Lock:
    return Lock("wheels", "uv", "3.13", "linux/amd64", Digest.of(b""), artifacts)


def names(artifacts: tuple[Artifact, ...]) -> list[str]:
    return [artifact.name for artifact in artifacts]


SCIPY, NUMPY = artifact("scipy", 35 * BIG), artifact("numpy", 15 * BIG)
ORJSON, PLUGGY = artifact("orjson", 140_000), artifact("pluggy", 20_000)
JOBLIB, EDGE = artifact("joblib", 300_000), artifact("edge", BIG)


def test_big_artifacts_lie_alone_in_the_order_of_the_lock() -> None:
    groups = plan(lock(NUMPY, EDGE, SCIPY, JOBLIB), server=())

    assert [names(group.artifacts) for group in groups] == [["numpy"], ["edge"], ["scipy"], ["joblib"]]
    assert [group.name for group in groups] == ["numpy 1", "edge 1", "scipy 1", "joblib 1"]


def test_what_the_server_needs_is_the_same_group_for_every_model() -> None:
    server = {"orjson", "pluggy", "numpy"}
    one = plan(lock(NUMPY, JOBLIB, PLUGGY, ORJSON), server)
    other = plan(lock(ORJSON, PLUGGY, SCIPY, artifact("six", 10)), server)

    assert one[1] == other[1]
    assert names(one[1].artifacts) == ["orjson", "pluggy"]
    assert one[1].name == "2 small packages of the server"


def test_beyond_the_budget_the_smallest_share_a_layer() -> None:
    big = tuple(artifact(f"big{n:02}", (n + 1) * BIG) for n in range(40))

    groups = plan(lock(*big), server=())

    assert len(groups) == 31
    assert names(groups[-1].artifacts) == [f"big{n:02}" for n in range(10)]
    assert groups[0].artifacts == (big[10],)


def test_no_artifacts_make_no_groups() -> None:
    assert plan(lock(), server={"numpy"}) == ()


def test_the_canonical_order_forgets_the_order_of_its_input() -> None:
    ordered = canonical_order([JOBLIB, NUMPY, PLUGGY, EDGE, SCIPY])

    assert names(ordered) == ["scipy", "numpy", "edge", "joblib", "pluggy"]
    assert ordered == canonical_order([SCIPY, EDGE, PLUGGY, NUMPY, JOBLIB])


def test_a_relock_keeps_what_stayed_and_puts_the_rest_on_top() -> None:
    newer, new = artifact("scipy", 36 * BIG, "2"), artifact("torch", 800 * BIG)

    ordered = relocked_order(lock(SCIPY, EDGE, NUMPY, JOBLIB), [JOBLIB, new, NUMPY, newer])

    assert ordered == (NUMPY, JOBLIB, new, newer)
