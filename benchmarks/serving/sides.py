"""Who is measured: our server in its settings, and the peers, each in the way of its own documentation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seldon_runtime import plugins

from . import payloads
from .environments import Environment, ours
from .payloads import Call, Rows
from .servers import MODELS, Server

SOURCE = Path(__file__).parents[2] / "runtimes"
# gunicorn 20.1, which it brings, wants the pkg_resources that newer setuptools no longer have.
SELDON_CORE = ("seldon-core==1.17.1", "setuptools==69.5.1")
PEERS = {
    "kserve": ("kserve==0.21.0",),
    # Its start fails with a newer uvloop: "There is no current event loop".
    "mlserver": ("mlserver==1.7.1", "uvloop<0.22"),
    "bentoml": ("bentoml==1.4.39",),
    "litserve": ("litserve==0.2.19", "numpy"),
}
# The variables that move our ports, whichever runtimes there are, to those that the benchmark found free.
PORTS = {
    port.variable: f"{{{port.name}}}"
    for plugin in plugins.BUILT_INS.values()
    for port in plugin.seldon_runtime({}).ports
}


@dataclass(frozen=True)
class Side:
    """A server, and the request that it is asked."""

    server: Server
    call: Call

    @property
    def name(self) -> str:
        return self.server.name


def our_server(model: str = "Twice", *, cores: str = "0", name: str = "ours", **variables: str) -> Server:
    """Return our server as an image runs it: REST, gRPC and metrics in one process, unless told otherwise."""
    told = {"MODEL_NAME": f"seldon_models.{model}", "PYTHONPATH": str(SOURCE), **PORTS, **variables}
    return Server(name, ours(), ("{bin}/python", "-m", "seldon_runtime"), told, cores=cores)


def seldon_core(model: str = "Twice", *, python: str = "3.11", **variables: str) -> Server:
    """Return seldon-core with the defaults of its images: one gunicorn worker, one gRPC thread."""
    told = {
        "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": "{http}",
        "PREDICTIVE_UNIT_GRPC_SERVICE_PORT": "{grpc}",
        "PREDICTIVE_UNIT_METRICS_SERVICE_PORT": "{metrics}",
        **variables,
    }
    environment = Environment("seldon-core", SELDON_CORE, python)
    command = ("{bin}/seldon-core-microservice", f"seldon_models.{model}", "--service-type", "MODEL")
    return Server("seldon-core", environment, command, told)


def other_peers(rows: Rows) -> tuple[Side, ...]:
    """Return the servers that are not Seldon's, each with ``rows`` in the protocol that it is fastest in."""
    kserve = _peer("kserve", "{bin}/python", "kserve_server.py", "{http}", "{grpc}")
    ports = {
        f"MLSERVER_{part}_PORT": f"{{{name}}}"
        for part, name in (("HTTP", "http"), ("GRPC", "grpc"), ("METRICS", "metrics"))
    }
    # Without its pool of processes it is twice as fast.
    mlserver = _peer("mlserver", "{bin}/mlserver", "start", str(MODELS / "mlserver")).with_variables(
        MLSERVER_PARALLEL_WORKERS="0", MLSERVER_DEBUG="false", **ports
    )
    bentoml = _peer("bentoml", "{bin}/bentoml", "serve", "bentoml_service:Twice", "--port", "{http}")
    bentoml = bentoml.with_variables(BENTOML_DO_NOT_TRACK="true")
    litserve = _peer("litserve", "{bin}/python", "litserve_server.py", "{http}")
    return (
        Side(kserve, payloads.instances(rows)),
        Side(mlserver, payloads.open_inference(rows)),
        Side(bentoml, payloads.named(rows)),
        Side(litserve, payloads.named(rows)),
    )


def _peer(name: str, *command: str) -> Server:
    return Server(name, Environment(name, PEERS[name]), command)
