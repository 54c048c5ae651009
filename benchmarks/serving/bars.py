"""What the project asks of its server, each with how it is measured."""

from __future__ import annotations

from dataclasses import dataclass, replace

from . import payloads
from .payloads import LARGE, SMALL, Call
from .probes import MEMORY, START, TAIL, THROUGHPUT, Probe
from .sides import Side, other_peers, our_server, seldon_core

BOTH = "0,1"


@dataclass(frozen=True)
class Bar:
    """``asked`` of ``ours``: times better than the best of ``others``, or in units where there are none."""

    name: str
    asked: float
    ours: Side
    others: tuple[Side, ...] = ()
    probe: Probe = THROUGHPUT

    @property
    def at_most(self) -> bool:
        return self.probe.less and not self.others

    def with_python(self, version: str) -> Bar:
        """Return the bar with our server on that Python."""
        server = self.ours.server
        environment = replace(server.environment, python=version)
        return replace(self, ours=replace(self.ours, server=replace(server, environment=environment)))

    def met(self, measured: float) -> bool:
        return measured <= self.asked if self.at_most else measured >= self.asked


def every_bar() -> tuple[Bar, ...]:
    return (*_rest(), *_passthrough(), *_peers(), *_grpc(), *_concurrency(), *_rests_of_it())


def _rest() -> tuple[Bar, ...]:
    small, large = payloads.seldon(SMALL), payloads.seldon(LARGE)
    tensor = payloads.seldon(LARGE, "tensor")
    return (
        _against_seldon("rest 1x4 pooled", 8, small),
        _against_seldon("rest 1x4 inline", 13, small, SELDON_INLINE="1"),
        _against_seldon("rest 100x100 ndarray", 9, large),
        _against_seldon("rest 100x100 tensor", 13, tensor),
    )


def _against_seldon(name: str, asked: float, call: Call, **variables: str) -> Bar:
    return Bar(name, asked, Side(our_server(**variables), call), (Side(seldon_core(), call),))


def _passthrough() -> tuple[Bar, ...]:
    call = payloads.echoed(SMALL)
    peer = Side(seldon_core("RawEcho", PAYLOAD_PASSTHROUGH="true"), call)
    pooled = our_server("Echo", PAYLOAD_PASSTHROUGH="1")
    inline = pooled.with_variables(SELDON_INLINE="1")
    return (
        Bar("passthrough 1x4 pooled", 11, Side(pooled, call), (peer,)),
        Bar("passthrough 1x4 inline", 15, Side(inline, call), (peer,)),
    )


def _peers() -> tuple[Bar, ...]:
    server, large = our_server(), other_peers(LARGE)
    return (
        Bar("peers 1x4", 5, Side(server, payloads.seldon(SMALL)), other_peers(SMALL)),
        Bar("peers 100x100 ndarray", 1.5, Side(server, payloads.seldon(LARGE)), large),
        Bar("peers 100x100 tensor", 2, Side(server, payloads.seldon(LARGE, "tensor")), large),
    )


def _grpc() -> tuple[Bar, ...]:
    one, four = our_server(), our_server(GUNICORN_THREADS="4")
    # Its protobuf is the C++ one there; on 3.11 it is pure Python, ten times slower.
    peer = seldon_core(python="3.10")
    small, large = payloads.seldon_grpc(SMALL), payloads.seldon_grpc(LARGE)
    listed = payloads.seldon_grpc(LARGE, "ndarray")
    return (
        Bar("grpc 1x4 tensor, 1 thread", 2.3, Side(one, small), (Side(peer, small),)),
        Bar("grpc 1x4 tensor, 4 threads", 3, Side(four, small), (Side(peer, small),)),
        Bar("grpc 100x100 tensor", 4.5, Side(one, large), (Side(peer, large),)),
        Bar("grpc 100x100 ndarray", 20, Side(one, listed), (Side(peer, listed),)),
    )


def _concurrency() -> tuple[Bar, ...]:
    small, large = payloads.seldon(SMALL), payloads.seldon(LARGE)
    waits = our_server("Waits", GUNICORN_THREADS="16")

    def threads(model: str, count: int, cores: str) -> Side:
        name = f"{count} threads" if count > 1 else "1 thread"
        return Side(our_server(model, cores=cores, name=name, GUNICORN_THREADS=str(count)), small)

    def workers(count: int) -> Side:
        name = f"{count} workers" if count > 1 else "1 worker"
        return Side(our_server(cores=BOTH, name=name, GUNICORN_WORKERS=str(count)), large)

    return (
        # 16 threads of 10 ms each, less a tenth.
        Bar("threads: 16 that wait 10 ms, req/s", 1440, Side(waits, small)),
        Bar(
            "threads: lock released",
            1.8,
            threads("ReleasesLock", 4, BOTH),
            (threads("ReleasesLock", 1, BOTH),),
        ),
        # "loses nothing", as far as runs of the same differ.
        Bar("threads: lock held", 0.97, threads("HoldsLock", 4, "0"), (threads("HoldsLock", 1, "0"),)),
        Bar("gunicorn: 2 workers, 100x100", 1.7, workers(2), (workers(1),)),
    )


def _rests_of_it() -> tuple[Bar, ...]:
    small, large = payloads.seldon(SMALL), payloads.seldon(LARGE)
    server = our_server()
    # Not seldon-core: its worker closes every connection, which h2load does not open again.
    return (
        Bar("p99 at half load, 1x4", 1, Side(server, small), other_peers(SMALL), TAIL),
        Bar("p99 at half load, 100x100", 1, Side(server, large), other_peers(LARGE), TAIL),
        Bar("start to first 200, s", 0.35, Side(server, small), probe=START),
        Bar("idle REST and gRPC, MB PSS", 80, Side(server, small), probe=MEMORY),
    )
