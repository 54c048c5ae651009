"""What an image will run on, which is not what the builder runs on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.tags import Tag

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
SUPPORTED_PYTHONS = ("3.10", "3.11", "3.12", "3.13")


@dataclass(frozen=True)
class Target:
    """Operating system, architecture, Python and libc of the image.

    ``architecture`` is OCI's name (amd64, arm64); ``python_version`` the exact version of the base's
    interpreter ("3.13.5"); ``glibc`` its C library ("2.41"); ``python_path`` where the base keeps the
    interpreter ("/usr/bin/python3.13").
    """

    architecture: str
    python_version: str
    glibc: str
    python_path: str = "/usr/bin/python3"
    os: str = "linux"

    @property
    def python(self) -> str:
        """The minor version, ``3.13``."""
        return ".".join(self.python_version.split(".")[:2])

    @property
    def machine(self) -> str:
        """The kernel's name of the architecture, ``x86_64``."""
        return MACHINES[self.architecture]

    @property
    def platform(self) -> str:
        """OCI's platform string, ``linux/amd64``."""
        return f"{self.os}/{self.architecture}"

    @cached_property
    def tags(self) -> tuple[Tag, ...]:
        """The wheel tags that this target accepts, best first (PEP 425, PEP 600)."""
        from packaging.tags import compatible_tags, cpython_tags

        minor = (3, int(self.python.split(".")[1]))
        platforms = list(self._platforms())
        return (
            *cpython_tags(minor, platforms=platforms),
            *compatible_tags(minor, f"cp{minor[0]}{minor[1]}", platforms),
        )

    def _platforms(self) -> Iterator[str]:
        newest = int(re.split(r"\D", self.glibc)[1])
        for minor in range(newest, 16, -1):
            yield f"manylinux_2_{minor}_{self.machine}"
            if minor == 17:
                yield f"manylinux2014_{self.machine}"
        if self.machine == "x86_64":
            yield from ("manylinux_2_12_x86_64", "manylinux2010_x86_64")
            yield from ("manylinux_2_5_x86_64", "manylinux1_x86_64")
        yield f"linux_{self.machine}"

    @property
    def marker_environment(self) -> dict[str, str]:
        """The values of PEP 508 markers on this target."""
        return {
            "implementation_name": "cpython",
            "implementation_version": self.python_version,
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": self.python_version,
            "python_version": self.python,
            "sys_platform": "linux",
        }
