"""Packages that come from one index alone, and versions that their authors withdrew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from seldon_builder.dependencies.url_credentials import split_credentials
from seldon_builder.detection import Detection, Requirement
from seldon_builder.errors.indexes import OnlyYanked
from seldon_builder.errors.resolution import EngineFailed, IndexUnreachable
from seldon_builder.events import Event
from seldon_builder.lock import Lock
from seldon_builder.package_index import IndexPin, PackageIndex
from seldon_builder.store import Store
from seldon_plugins.engines import pip_tools, uv

from .private_index import always, faulty_index, never, pages_of, private_index
from .test_pip_tools import GLIBC, HERE, HostInterpreter
from .test_uv import TRIXIE
from .wheelhouse import make_wheel, serve


@dataclass
class Bench:
    """Two indexes that have the same names, and what a resolution said."""

    public: str
    private: str
    store: Store
    events: list[Event] = field(default_factory=list)

    @property
    def index(self) -> PackageIndex:
        bare, credential = split_credentials(self.private.replace("://", "://me:s3cr3t@"))
        assert credential is not None
        pins = (IndexPin("inner", bare),)
        return PackageIndex(self.public, pins=pins, credentials=(credential,), timeout=5)

    def lock(self, *lines: str, engine: str = "uv", index: PackageIndex | None = None) -> Lock:
        requirements = tuple(Requirement(line, f"requirements.txt:{n}") for n, line in enumerate(lines, 1))
        detection = Detection("requirements", ("requirements.txt",), "", requirements)
        given = index or self.index
        if engine == "uv":
            found = uv.seldon_lock(detection, TRIXIE, given, "uv", self.store, self.events.append)
        else:
            from seldon_builder.target import Target

            interpreter = HostInterpreter()
            target = Target(HERE, interpreter.version, GLIBC)
            found = pip_tools.seldon_lock(
                detection, target, given, engine, self.store, self.events.append, interpreter
            )
        assert found is not None
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    public, private = tmp_path / "public", tmp_path / "private"
    make_wheel(public, "outer", "1.0", requires=("inner",))
    make_wheel(public, "strict", "1.0", requires=("inner<2",))
    make_wheel(public, "inner", "99.0")
    make_wheel(private, "inner", "1.0")
    make_wheel(private, "inner", "2.0")
    with serve(public) as outside, private_index(private, "me:s3cr3t") as inside:
        yield Bench(outside.simple, inside, Store(tmp_path / "store"))


@pytest.mark.parametrize("lines", [("inner",), ("outer",), ("outer", "inner>=1")])
def test_a_pinned_package_comes_from_its_index_alone(bench: Bench, lines: tuple[str, ...]) -> None:
    inner = bench.lock(*lines).find("inner")

    assert inner is not None
    assert (inner.version, inner.url.startswith(bench.private.removesuffix("simple/"))) == ("2.0", True)


def test_a_pin_is_heeded_where_what_others_have_fits_nothing(bench: Bench) -> None:
    inner = bench.lock("strict").find("inner")

    assert inner is not None
    assert inner.version == "1.0"


def test_a_pinned_package_that_nothing_asks_for_is_left_out(bench: Bench) -> None:
    assert [item.name for item in bench.lock("inner").artifacts] == ["inner"]


def test_pip_tools_says_that_it_knows_no_pins(bench: Bench) -> None:
    with pytest.raises(EngineFailed, match=r"knows no pins \(inner to http") as raised:
        bench.lock("inner", engine="pip-tools")

    assert "s3cr3t" not in str(raised.value)


@pytest.fixture
def withdrawn(tmp_path: Path) -> Iterator[PackageIndex]:
    for version in ("1.0", "2.0"):
        make_wheel(tmp_path / "y", "alpha", version)
    make_wheel(tmp_path / "y", "needs", requires=("alpha>=2",))
    with faulty_index(pages_of(tmp_path / "y", yanked=("alpha-2",))) as server:
        yield PackageIndex(server.simple)


@pytest.mark.parametrize("engine", ["uv", "pip-tools"])
def test_a_range_never_takes_a_yanked_version(bench: Bench, withdrawn: PackageIndex, engine: str) -> None:
    alpha = bench.lock("alpha>=1", engine=engine, index=withdrawn).find("alpha")

    assert alpha is not None
    assert alpha.version == "1.0"


@pytest.mark.parametrize("engine", ["uv", "pip-tools"])
def test_a_yanked_version_that_is_pinned_is_taken_with_a_warning(
    bench: Bench, withdrawn: PackageIndex, engine: str
) -> None:
    alpha = bench.lock("alpha==2.0", engine=engine, index=withdrawn).find("alpha")

    assert alpha is not None
    assert alpha.version == "2.0"
    assert [event.message for event in bench.events if "yanked" in event.message] == [
        'alpha==2.0 was yanked by its authors ("it loses rows")'
    ]


@pytest.mark.parametrize("engine", ["uv", "pip-tools"])
@pytest.mark.parametrize("line", ["alpha>=2", "needs"])
def test_only_yanked_versions_are_an_error_of_its_own(
    bench: Bench, withdrawn: PackageIndex, line: str, engine: str
) -> None:
    with pytest.raises(OnlyYanked, match=r"2\.0|it loses rows") as raised:
        bench.lock(line, engine=engine, index=withdrawn)

    assert raised.value.wanted.startswith("alpha")
    assert raised.value.exit_code == 96


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/vnd.pypi.simple.v1+json", b'{"files": ['),
        ("application/vnd.pypi.simple.v1+json", b"[]"),
        ("image/png", b"\x89PNG"),
    ],
)
def test_garbage_of_an_index_is_its_fault(bench: Bench, kind: str, body: bytes) -> None:
    with faulty_index(always(200, kind, body)) as server, pytest.raises(IndexUnreachable, match="127"):
        bench.lock("alpha", index=PackageIndex(server.simple))


@pytest.mark.parametrize("engine", ["uv", "pip-tools"])
def test_a_silent_index_ends_the_engine_in_time(bench: Bench, engine: str) -> None:
    with faulty_index(never) as server, pytest.raises(IndexUnreachable):
        bench.lock("alpha", engine=engine, index=PackageIndex(server.simple, timeout=1))


def test_pip_tools_says_that_it_cannot_send_tokens(bench: Bench) -> None:
    bare, credential = split_credentials(f"{bench.public}?token=s3cr3t")
    assert credential is not None
    index = PackageIndex(bare, credentials=(credential,))
    with pytest.raises(EngineFailed, match="a URL with a query") as raised:
        bench.lock("outer", engine="pip-tools", index=index)

    assert "s3cr3t" not in str(raised.value)
