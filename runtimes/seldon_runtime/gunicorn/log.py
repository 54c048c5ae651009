"""gunicorn's log lines, as lines of ours."""

from __future__ import annotations

import logging
from typing import Any

from gunicorn.glogging import Logger


class Log(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Hands on what gunicorn warns of; its story is ours to tell, and below INFO."""

    _access_log_enabled = False

    def setup(self, cfg: Any) -> None:
        """Leave all handlers to the root logger."""
        self.cfg, self.loglevel = cfg, logging.INFO
        self.error_log.propagate = True

    def info(self, msg: str, *args: object, **kwargs: Any) -> None:
        """Log what is no news to whoever reads INFO, and what older versions call so as an error."""
        self.error_log.log(logging.ERROR if kwargs.get("exc_info") else logging.DEBUG, msg, *args, **kwargs)
