"""The master process: it opens the ports, keeps the workers alive, and never sees the model."""

from __future__ import annotations

import gc
import logging
import math
import os
import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

from ..errors import SeldonError
from ..life import Service
from ..metrics.cells import SharedSlots
from .arbiter import DOOR, SeldonArbiter
from .board import Board, Place
from .options import Options, options_from
from .ports import open_ports

# What gunicorn keeps in a file is its workers' signs of life; this is writable where nothing else is.
MEMORY = Path("/dev/shm")  # noqa: S108 - gunicorn makes its files there safely
LOG, WORKER = f"{__package__}.log.Log", f"{__package__}.worker.SeldonWorker"
logger = logging.getLogger("seldon_runtime")


def serve(service: Service) -> int:
    """Serve with workers until a signal says stop; return the exit code."""
    options = options_from(service.variables, service.settings.grace)
    settings = replace(service.settings, grace=max(options.grace - DOOR, 0))
    _warn_of_unread(service)
    application = Application(replace(service, settings=settings), options, open_ports(service))
    # What is imported stays shared with the workers: their collectors would write to every page of it.
    gc.freeze()
    master = os.getpid()
    try:
        SeldonArbiter(application).run()
    except SystemExit as end:
        if os.getpid() != master and isinstance(end.__cause__, SeldonError):
            # A worker's, which ends here as a process of its own would.
            raise end.__cause__ from end.__cause__.__cause__
        if application.error and os.getpid() == master:
            raise application.error from None
        return application.board.failure or int(end.code or 0)
    return 0


def _warn_of_unread(service: Service) -> None:
    for name, is_there in (
        ("GUNICORN_CMD_ARGS", "GUNICORN_CMD_ARGS" in service.variables),
        ("gunicorn.conf.py", (service.settings.folder / "gunicorn.conf.py").exists()),
    ):
        if is_there:
            logger.warning("%s is not read; the variables of docs/runtime.md set what can be set", name)


class Application(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """What gunicorn asks for its settings, and what the workers take over from the master.

    ``place`` is that of the worker which is about to be forked; ``error`` is what the master ends with.
    """

    def __init__(self, service: Service, options: Options, listeners: Mapping[str, socket.socket]) -> None:
        self.service, self.options, self.listeners = service, options, listeners
        self.board, self.slots = Board(), SharedSlots()
        self.place = Place(0, is_first=True, generation=0, slot=0)
        self.error: SeldonError | None = None
        super().__init__()

    def load_config(self) -> None:
        """Set everything; neither gunicorn.conf.py nor GUNICORN_CMD_ARGS has a say."""
        for name, value in self._settings().items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def _settings(self) -> Mapping[str, Any]:
        return {
            # The listeners are open already.
            "bind": [],
            "workers": self.options.workers,
            "worker_class": WORKER,
            "logger_class": LOG,
            "timeout": self.options.timeout,
            "graceful_timeout": math.ceil(self.options.grace),
            "max_requests": self.options.most_requests,
            "max_requests_jitter": self.options.jitter,
            "worker_tmp_dir": str(MEMORY) if os.access(MEMORY, os.W_OK) else None,
            # It would listen in the home folder.
            "control_socket_disable": True,
        }

    def load(self) -> None:
        """Do nothing: a worker loads the model."""
