"""How a server is reached from this machine: on which ports, whether it answers, and how to ask it."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from seldon_runtime.errors import PortUnavailable
from seldon_runtime.runtime import Port

HTTP, GRPC, METRICS = "http", "grpc", "metrics"
REST_PORT = 9000
MESSAGE = '{"data":{"ndarray":[[1,2,3,4]]}}'
SERVING = b"\x08\x01"


@dataclass(frozen=True)
class Question:
    """How one asks a component for what its service type is for, over REST and over gRPC."""

    path: str = "/api/v1.0/predictions"
    rpc: str = "Seldon/Predict"
    message: str = MESSAGE


TRANSFORM = Question("/transform-input", "Transformer/TransformInput")
QUESTIONS: Mapping[str, Question] = {
    "ROUTER": Question("/route", "Router/Route"),
    "TRANSFORMER": TRANSFORM,
    "OUTLIER_DETECTOR": TRANSFORM,
    "OUTPUT_TRANSFORMER": Question("/transform-output", "OutputTransformer/TransformOutput"),
    "COMBINER": Question("/aggregate", "Combiner/Aggregate", f'{{"seldonMessages":[{MESSAGE},{MESSAGE}]}}'),
}


def ports_here(ports: Sequence[Port], wanted: int, *, elsewhere: bool = False) -> tuple[Port, ...]:
    """Choose this machine's ports: ``wanted``, unless 0, for the main one, the others' own where free.

    ``elsewhere`` is a machine whose ports nobody can try.
    """
    main = main_port(ports) if ports else None
    return tuple(replace(port, number=_number(port, wanted * (port is main), elsewhere)) for port in ports)


def main_port(ports: Sequence[Port]) -> Port:
    """Return the port that a user means who names none: REST's, else gRPC's, else the first."""
    return next((port for name in (HTTP, GRPC) for port in ports if port.name == name), ports[0])


def _number(port: Port, wanted: int, elsewhere: bool) -> int:
    if wanted:
        return wanted
    if port.name == HTTP:
        return REST_PORT
    return port.number if elsewhere or _is_free(port.number) else _free()


def refuse_taken(port: Port) -> None:
    """Raise PortUnavailable where ``port`` of this machine cannot be opened.

    Whoever has it would be asked in the server's place, and be taken for it.
    """
    if error := _failure(port.number):
        raise PortUnavailable(port.number, "--port", error)


def _is_free(number: int) -> bool:
    return _failure(number) is None


def _failure(number: int) -> OSError | None:
    with socket.socket() as listener:
        # As servers do: what a process that is gone left behind is no hindrance.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("0.0.0.0", number))  # noqa: S104 - where the server will listen
        except OSError as error:
            return error
    return None


def _free() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass(frozen=True)
class Reach:
    """Where a server is reached: the host, its ports there, the path of its metrics, and what to ask it."""

    host: str
    ports: tuple[Port, ...]
    metrics: str = "/metrics"
    question: Question = Question()

    @classmethod
    def of(cls, host: str, ports: tuple[Port, ...], variables: Mapping[str, str]) -> Reach:
        """Describe a server with ``variables``."""
        path = variables.get("PREDICTIVE_UNIT_METRICS_ENDPOINT", "").strip() or cls.metrics
        question = QUESTIONS.get(variables.get("SERVICE_TYPE", "").strip().upper(), cls.question)
        return cls(host, ports, path if path.startswith("/") else f"/{path}", question)

    @property
    def answers(self) -> bool:
        """Whether the model is being served: by REST, else by gRPC."""
        known = {port.name: port.number for port in self.ports}
        if HTTP in known:
            return http_answers(self.host, known[HTTP])
        return GRPC in known and grpc_answers(self.host, known[GRPC])

    def how_to_ask(self) -> str:
        """Return the lines that tell where the model is, and commands that ask it."""
        return "\n  ".join(("Serving (Ctrl-C stops it). Ask it:", *self.asking()))

    def asking(self) -> Iterator[str]:
        """Yield a command, or a place, for each port; the main one first."""
        ask = self.question
        for port in sorted(self.ports, key=lambda port: (port.name != HTTP, port.name != GRPC, port.name)):
            place = f"{self.host}:{port.number}"
            if port.name == HTTP:
                header = "-H 'Content-Type: application/json'"
                yield f"curl -s http://{place}{ask.path} {header} -d '{ask.message}'"
            elif port.name == GRPC:
                yield f"grpcurl -plaintext -d '{ask.message}' {place} seldon.protos.{ask.rpc}"
            elif port.name == METRICS:
                yield f"its metrics: http://{place}{self.metrics}"
            else:
                yield f"{port.name}: {place}"


def http_answers(host: str, port: int) -> bool:
    """Tell whether a model is being served there."""
    from http import HTTPStatus
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/health/status")
        # Whatever the model says of its health, it was asked.
        return connection.getresponse().status != HTTPStatus.SERVICE_UNAVAILABLE
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def grpc_answers(host: str, port: int) -> bool:
    """Tell whether gRPC's health service says that a model is being served there."""
    import grpc

    with closing(grpc.insecure_channel(f"{host}:{port}")) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check", bytes, bytes)
        try:
            # An empty request asks for the server as a whole.
            return bool(check(b"", timeout=1) == SERVING)
        except grpc.RpcError:
            return False
