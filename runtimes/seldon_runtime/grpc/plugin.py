"""The gRPC runtime: Seldon messages as protobuf."""

from __future__ import annotations

from collections.abc import Mapping

from ..hookspecs import hookimpl
from ..runtime import Port, Runtime, Start

# The lowest versions are those that the tests pass with on Python 3.10; see docs/runtime.md.
REQUIREMENTS = ("grpcio>=1.41", "numpy>=1.22", "protobuf>=3.20", "uvloop>=0.17")
PORTS = (Port("grpc", 5000, "PREDICTIVE_UNIT_GRPC_SERVICE_PORT", opened_by_each=True),)


def load() -> Start:
    """Import the gRPC server."""
    from .front import GrpcFront

    return GrpcFront.start


@hookimpl
def seldon_runtime(settings: Mapping[str, str]) -> Runtime:
    """Serve unless another protocol alone is asked for."""
    api_type = settings.get("API_TYPE", "").strip().upper()
    # Older wrappers were told to leave a protocol out by giving it no workers.
    wanted = api_type in ("", "GRPC") and settings.get("GRPC_WORKERS", "").strip() != "0"
    asked_by = ("API_TYPE", "GRPC_WORKERS")
    return Runtime("grpc", REQUIREMENTS, PORTS, load, active=wanted, default=not api_type, asked_by=asked_by)
