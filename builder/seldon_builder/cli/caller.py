"""What the process that called us knows: read once, here, and passed on as values."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..connections import Connections
from ..folders import Folders
from ..progress import Progress
from ..secret import Secret
from ..store import Store
from ..target import MACHINES


@dataclass(frozen=True)
class Caller:
    """The environment, the home folder and the kind of terminal of whoever called us."""

    environment: Mapping[str, str]
    home: Path
    terminal: bool

    @classmethod
    def from_process(cls) -> Caller:
        """Read this process."""
        environment = dict(os.environ)
        terminal = sys.stderr.isatty() and environment.get("TERM", "dumb") != "dumb"
        return cls(environment, Path(environment.get("HOME", "/nonexistent")), terminal)

    @property
    def architecture(self) -> str:
        """OCI's name for the architecture of this machine."""
        machine = os.uname().machine
        return next((name for name, kernel in MACHINES.items() if kernel == machine), "amd64")

    @property
    def ca_bundle(self) -> Path | None:
        """The CA bundle that this machine trusts beside the built-in one."""
        path = self.environment.get("SSL_CERT_FILE", "")
        return Path(path) if path else None

    def folders(self, platform_env: Path | None) -> Folders:
        """Tell where settings of other tools lie: this user's, this machine's and those of the platform."""
        configuration = self.environment.get("XDG_CONFIG_HOME", "")
        return Folders(
            self.home,
            Path(configuration) if configuration else self.home / ".config",
            Path("/etc"),
            platform_env.absolute().parent if platform_env else None,
        )

    def store(self, options: argparse.Namespace) -> Store:
        """Open the store that ``--store`` or XDG_CACHE_HOME names."""
        if options.store:
            return Store(options.store.absolute())
        cache = self.environment.get("XDG_CACHE_HOME", "")
        return Store((Path(cache) if cache else self.home / ".cache") / "seldon-python")

    def progress(self, options: argparse.Namespace) -> Progress:
        """Show events on stderr as this terminal can."""
        return Progress(sys.stderr, terminal=self.terminal, quiet=options.quiet)

    def connections(self) -> Connections:
        """Tell how to reach registries and the Docker engine."""
        said = self.environment
        config, certificates = said.get("DOCKER_CONFIG", ""), said.get("DOCKER_CERT_PATH", "")
        return Connections(
            docker_config=(Path(config) if config else self.home / ".docker") / "config.json",
            docker_host=said.get("DOCKER_HOST", ""),
            docker_certificates=Path(certificates)
            if said.get("DOCKER_TLS_VERIFY") and certificates
            else None,
            ca_bundle=self.ca_bundle,
            proxies=tuple(self._proxies()),
        )

    def _proxies(self) -> Iterator[tuple[str, Secret]]:
        for scheme in ("http", "https", "no"):
            name = f"{scheme}_proxy"
            url = self.environment.get(name) or self.environment.get(name.upper(), "")
            if url:
                yield scheme, Secret(url)


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options that every working verb has."""
    parser.add_argument("--store", type=Path, metavar="DIR", help="where to keep what builds share")
    parser.add_argument("-q", "--quiet", action="store_true", help="show only warnings and errors")


def port_number(text: str) -> int:
    """Read a port; argparse tells what is wrong with one that cannot be."""
    if not text.isdecimal() or not 0 < int(text) < 1 << 16:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: it is a number from 1 to 65535")
    return int(text)
