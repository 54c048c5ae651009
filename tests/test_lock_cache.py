from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from seldon_builder.dependencies.lock_cache import Inputs, cached_lock, facts_of, inputs_of, keep_lock
from seldon_builder.detection import Detection, Requirement
from seldon_builder.digest import Digest
from seldon_builder.lock import Artifact, Lock
from seldon_builder.package_index import IndexCredential, IndexPin, PackageIndex
from seldon_builder.secret import Secret
from seldon_builder.store import Store
from seldon_builder.target import Target

from .wheelhouse import make_wheel

TARGET = Target("amd64", "3.13.5", "2.41")
ASKED = Detection(
    "requirements",
    ("requirements.txt",),
    "",
    (Requirement("numpy>=1", "requirements.txt:1"), Requirement("alpha", "requirements.txt:2")),
    (Requirement("numpy<3", "c.txt:1"),),
    ("--pre",),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def digest(
    store: Store,
    detection: Detection = ASKED,
    target: Target = TARGET,
    index: PackageIndex | None = None,
    engine: str = "uv",
) -> Digest:
    return inputs_of(detection, target, index or PackageIndex(), engine, store).digest


@pytest.mark.parametrize(
    "detection",
    [
        replace(ASKED, requirements=tuple(reversed(ASKED.requirements))),
        replace(ASKED, requirements=tuple(replace(r, origin="elsewhere:9") for r in ASKED.requirements)),
        replace(ASKED, files=("a.txt", "b.txt"), reason="another"),
    ],
)
def test_order_and_place_of_the_lines_do_not_matter(store: Store, detection: Detection) -> None:
    assert digest(store, detection) == digest(store)


WHEEL = Artifact("alpha", "1.0", "https://example.com/alpha-1.0-py3-none-any.whl", Digest("0" * 64))
# A lock that is kept is used again for as long as none of these changes.
OTHERS: dict[str, Any] = {
    "resolver": "another",
    "requirements": ASKED.requirements[:1],
    "constraints": (),
    "options": (),
    "requires_python": ">=3.11",
    "locker": "conda",
    "environment": "channel a",
    "is_complete": True,
    "artifacts": (WHEEL,),
    "own_python": ("3.12",),
    "is_relocked": True,
    "upgrade": ("alpha",),
}
# The index is what the resolver joins with its own, and preferences are no part of what is asked for.
OF_NO_MATTER = {"files", "reason", "rank", "index", "preferred"}


def test_each_field_of_a_detection_matters_or_is_known_not_to() -> None:
    assert {field.name for field in fields(Detection)} == OTHERS.keys() | OF_NO_MATTER


@pytest.mark.parametrize("field", OTHERS)
def test_everything_that_is_asked_for_matters(store: Store, field: str) -> None:
    assert digest(store, replace(ASKED, **{field: OTHERS[field]})) != digest(store)


def test_hashes_matter(store: Store) -> None:
    first, *others = ASKED.requirements
    hashed = replace(first, hashes=("sha256:00",))

    assert digest(store, replace(ASKED, requirements=(hashed, *others))) != digest(store)


@pytest.mark.parametrize(
    "target",
    [Target("arm64", "3.13.5", "2.41"), Target("amd64", "3.12.5", "2.41"), Target("amd64", "3.13.5", "2.36")],
)
def test_the_target_matters(store: Store, target: Target) -> None:
    assert digest(store, target=target) != digest(store)


def test_a_security_update_of_the_base_does_not_matter(store: Store) -> None:
    assert digest(store, target=Target("amd64", "3.13.9", "2.41.1")) == digest(store)


def test_the_engine_does_not_matter_where_the_detection_names_its_own(store: Store) -> None:
    conda = replace(ASKED, locker="conda")
    assert digest(store, conda, engine="pip-tools") == digest(store, conda)
    assert digest(store, conda) != digest(store)


def test_the_engine_matters(store: Store) -> None:
    assert digest(store, engine="pip-tools") != digest(store)


@pytest.mark.parametrize(
    "index",
    [
        PackageIndex(index_url="https://a/"),
        PackageIndex(extra_index_urls=("https://a/",)),
        PackageIndex(no_index=True),
        PackageIndex(pins=(IndexPin("alpha", "https://a/"),)),
        PackageIndex(find_links=("https://a/",)),
    ],
)
def test_the_indexes_matter(store: Store, index: PackageIndex) -> None:
    assert digest(store, index=index) != digest(store)


@pytest.mark.parametrize(
    "index",
    [
        PackageIndex(credentials=(IndexCredential("https://a/", Secret("me"), Secret("word")),)),
        PackageIndex(offline=True),
        PackageIndex(ca_bundle=Path("/ca.pem")),
        PackageIndex(proxies=(("http_proxy", Secret("http://p")),)),
        PackageIndex(find_links=("/nothing/there",)),
    ],
)
def test_how_an_index_is_reached_does_not_matter(store: Store, index: PackageIndex) -> None:
    assert digest(store, index=index) == digest(store)


def test_wheel_folders_count_by_content_and_not_by_place(store: Store, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        make_wheel(tmp_path / folder, "alpha", "1.0")
    digests = {
        digest(store, index=PackageIndex(find_links=(str(tmp_path / folder),))) for folder in ("one", "two")
    }
    assert len(digests) == 1


def test_a_changed_wheel_of_the_same_name_is_noticed(store: Store, tmp_path: Path) -> None:
    index = PackageIndex(find_links=(str(tmp_path / "one"),))
    wheel = make_wheel(tmp_path / "one", "alpha", "1.0")
    first = digest(store, index=index)
    wheel.write_bytes(wheel.read_bytes()[:-1] + b"x")
    os.utime(wheel, ns=(1, 1))
    assert digest(store, index=index) != first


def test_a_wheel_that_changed_with_size_and_time_kept_is_noticed(store: Store, tmp_path: Path) -> None:
    index = PackageIndex(find_links=(str(tmp_path / "one"),))
    wheel = make_wheel(tmp_path / "one", "alpha", "1.0")
    times = wheel.stat().st_atime_ns, wheel.stat().st_mtime_ns
    first = digest(store, index=index)
    wheel.write_bytes(wheel.read_bytes()[:-1] + b"x")
    os.utime(wheel, ns=times)
    assert digest(store, index=index) != first


def test_folders_and_wheels_of_any_name_are_digested(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"wh\xffels")
    wheel = make_wheel(folder, "alpha", "1.0")
    wheel.rename(folder / os.fsdecode(b"alph\xff-1.0-py3-none-any.whl"))
    here = replace(ASKED, requirements=(Requirement(f"alpha @ {next(folder.iterdir()).as_uri()}", "r:1"),))
    linked = inputs_of(here, TARGET, PackageIndex(find_links=(str(folder),)), "uv", store)
    assert [fact.partition(" sha256:")[0] for fact in linked.facts if "alph" in fact] == [
        "requirement alpha @ alph\\xff-1.0-py3-none-any.whl",
        "wheel alph\\xff-1.0-py3-none-any.whl",
    ]


def test_changes_are_told_line_by_line() -> None:
    now = Inputs(("requirement alpha", "requirement numpy<2"))
    assert now.changes_since(("requirement alpha", "requirement numpy<3")) == (
        "added:   requirement numpy<2",
        "removed: requirement numpy<3",
    )


def test_a_kept_lock_is_found_again_with_its_facts(store: Store) -> None:
    inputs = Inputs(("requirement alpha",))
    alpha = Artifact("alpha", "1", "https://a", Digest("a" * 64), 3)
    lock = Lock("wheels", "uv 1", "3.13", "linux/amd64", inputs.digest, (alpha,), ("alpha",))
    keep_lock(store, inputs, lock)
    assert cached_lock(store, inputs) == lock
    assert facts_of(store, lock) == inputs.facts


@pytest.mark.parametrize("record", [{}, {"kind": "wheels"}, {"artifacts": [[1]]}])
def test_a_broken_record_is_no_lock(store: Store, record: dict[str, object]) -> None:
    inputs = Inputs(("requirement alpha",))
    store.keep("locks", inputs.digest, record)
    assert cached_lock(store, inputs) is None
