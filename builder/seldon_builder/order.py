"""What a caller of the lifecycle asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .destination import Output
from .folders import Folders

# Options whose values are names alone.
_NAMES = ("--resolver", "--group", "--extra")


@dataclass(frozen=True)
class Asked:
    """What a user set: variables, strongest first: -e, -E, platform; their environment; --runtime.

    ``flags`` are options that stand for a variable of the build: its name, its value, the option;
    ``folders`` is where the settings of their other tools lie.
    """

    options: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    platform: Path | None = None
    caller: Mapping[str, str] = field(default_factory=dict)
    runtimes: tuple[str, ...] = ()
    flags: tuple[tuple[str, str, str], ...] = ()
    folders: Folders = field(default_factory=Folders)


@dataclass(frozen=True)
class Order:
    """One build: the folder, the image's destination and every choice that is not a variable.

    ``run_image`` empty means our own Debian base; ``python`` empty means what the source wishes, else the
    default; ``bytecode`` off leaves compiled Python out; ``refresh`` resolves anew;
    ``exported`` off makes the lock that lies in the source anew, ``upgrade`` names what of it may get a newer
    version ("*": all); ``force`` looks
    into the base, whatever its labels say; ``mirror`` is a Debian mirror for our own base.
    """

    folder: Path
    output: Output
    asked: Asked = field(default_factory=Asked)
    architecture: str = "amd64"
    run_image: str = ""
    python: str = ""
    engine: str = "uv"
    bytecode: bool = True
    refresh: bool = False
    exported: bool = True
    upgrade: tuple[str, ...] = ()
    offline: bool = False
    force: bool = False
    mirror: str = ""
    ca_bundle: Path | None = None

    def lock_command(self, here: str) -> str:
        """Write the command that locks for the same target; ``here`` is this machine's architecture."""
        import shlex

        return shlex.join(["seldon-python", "lock", str(self.folder), *self.target_options(here)])

    def target_options(self, here: str) -> list[str]:
        """Write the options that decide what is locked, where they are no default.

        Variables are left to the user: their values may be secrets, and so may URLs.
        """
        platform = f"linux/{self.architecture}" if self.architecture != here else ""
        engine = self.engine if self.engine != Order.engine else ""
        given = (
            ("run-image", self.run_image),
            ("python", self.python),
            ("platform", platform),
            ("engine", engine),
            ("runtime", ",".join(self.asked.runtimes)),
        )
        flags = [(option, word) for _, value, option in self.asked.flags for word in value.split()]
        said = [(f"--{name}", value) for name, value in given if value]
        return [word for pair in (*said, *(flag for flag in flags if flag[0] in _NAMES)) for word in pair]
