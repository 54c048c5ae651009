"""A process of its own for pypiserver: what it brings changes how a process imports."""

from __future__ import annotations

import json
import sys

from tests.private_index import WsgiServer, running


def main() -> None:
    """Read what to serve from stdin, print the URL, and serve until stdin ends."""
    import pypiserver

    said = json.loads(sys.stdin.readline())
    app = pypiserver.app(
        roots=[said["folder"]],
        authenticate=["list", "download", "update"] if said["credential"] else [],
        auther=lambda user, password: f"{user}:{password}" == said["credential"],
        disable_fallback=True,
    )
    server = WsgiServer()
    server.set_app(app)
    with running(server, said["certificate"]) as origin:
        print(origin, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
