"""The port that Prometheus reads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from ..listener import listener_of
from ..logs import Access, access_logger
from ..model import Model
from ..rest.exchange import Terms
from ..rest.server import HttpServer, Receive, Scope, Send
from ..runtime import Context
from ..variables import boolean
from .exposition import OPEN_METRICS_TYPE, TEXT_TYPE, open_metrics, text, wants_open_metrics
from .plugin import PORTS
from .recorder import Recorder
from .scrape import scraped

ENDPOINT = "/metrics"
VERBS = ("GET", "HEAD")
ALLOW = (b"allow", ", ".join(VERBS).encode())
PLAIN = "text/plain; charset=utf-8"


class MetricsServer:
    """The metrics being served; made by ``start``."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server

    @classmethod
    async def start(cls, _model: Model, context: Context) -> MetricsServer:
        """Open the port and answer, loaded or not; PortUnavailable where it is taken."""
        listener, shared = listener_of(PORTS[0], context), PORTS[0].name in context.listeners
        access = access_logger(context.settings) if _tells_scrapes(context.variables) else None
        application = Metrics(context.recorder, endpoint(context.variables), access)
        server = HttpServer(application, listener, terms=Terms(largest_body=0), shared=shared)
        await server.start()
        return cls(server)

    def begin(self) -> None:
        """Do nothing: there was something to read all the time."""

    async def stop(self) -> None:
        """Answer who asks, and close."""
        await self._server.stop()


def endpoint(variables: Mapping[str, str]) -> str:
    """Return the path of the metrics."""
    path = variables.get("PREDICTIVE_UNIT_METRICS_ENDPOINT", "").strip()
    return f"/{path.lstrip('/')}" if path else ENDPOINT


def _tells_scrapes(variables: Mapping[str, str]) -> bool:
    debugs = boolean(variables, "SELDON_DEBUG")
    return not boolean(variables, "FILTER_METRICS_ACCESS_LOGS", default=not debugs)


class Metrics:
    """Answers the one path of the metrics (ASGI)."""

    def __init__(self, recorder: Recorder, path: str, access: Access | None = None) -> None:
        self._recorder, self._path, self._access = recorder, path, access
        # Thousands of series take a while to write: longer than a request may wait for.
        self._thread = ThreadPoolExecutor(1, "metrics")

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Serve one request."""
        began = time.monotonic()
        status, kind, body = await self._answer(scope)
        headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
        headers += [ALLOW] if status == 405 else []
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        if self._access:
            self._access(scope["method"], scope["path"], status, time.monotonic() - began, len(body))

    async def _answer(self, scope: Scope) -> tuple[int, str, bytes]:
        if scope["path"] != self._path:
            return 404, PLAIN, f"nothing is served here but {self._path}\n".encode()
        if scope["method"] not in VERBS:
            return 405, PLAIN, f"only {' and '.join(VERBS)} are served here\n".encode()
        accept = b",".join(value for name, value in scope["headers"] if name == b"accept")
        is_open = wants_open_metrics(accept.decode("latin-1"))
        loop = asyncio.get_running_loop()
        body = await loop.run_in_executor(self._thread, self._written, is_open)
        return 200, OPEN_METRICS_TYPE if is_open else TEXT_TYPE, body

    def _written(self, is_open: bool) -> bytes:
        families = scraped(self._recorder)
        return open_metrics(families) if is_open else text(families)
