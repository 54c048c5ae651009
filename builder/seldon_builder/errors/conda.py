"""What can go wrong with conda: its environments, channels and packages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from . import SeldonError
from .resolution import BadLine


class CondaPackageMalformed(SeldonError):
    """A conda package holds what cannot be installed below the image's one prefix."""

    exit_code: ClassVar[int] = 37

    def __init__(self, package: str, reason: str, member: str = "") -> None:
        where = f"{package}, member {member!r}" if member else package
        super().__init__(
            f"The conda package {where}: {reason}.",
            hint="the package is broken, harmful or too old: choose another build or version of it, or tell "
            "its channel",
        )
        self.package = package
        self.member = member
        self.reason = reason


class EnvironmentInvalid(SeldonError):
    """A file that describes an environment of conda says what conda would not understand."""

    exit_code: ClassVar[int] = 6

    def __init__(self, problems: Sequence[BadLine], hint: str = "") -> None:
        listed = "".join(f"\n  {problem}" for problem in problems)
        super().__init__(
            f"The conda environment cannot be read:{listed}",
            hint=hint or "docs/conda.md lists what may stand in an environment.yml and in locks of conda",
        )
        self.problems = tuple(problems)


class ChannelUnusable(SeldonError):
    """A channel is not there, does not answer, or answers what no channel does."""

    exit_code: ClassVar[int] = 7

    def __init__(self, channel: str, reason: str, url: str = "") -> None:
        """``url`` is where the name of the channel led."""
        where = f"{channel} ({url})" if url and url != channel else channel
        super().__init__(
            f"The conda channel {where} cannot be used: {reason}.",
            hint="correct its name; or say where it is: --channel-alias NAME=URL (a URL or a folder), or "
            "CONDA_CHANNEL_ALIAS for all names; or check the network, its proxy and the password",
        )
        self.channel = channel
        self.url = url
        self.reason = reason


class PythonOutOfRange(SeldonError):
    """The environment wants a Python that the server does not run on."""

    exit_code: ClassVar[int] = 97

    def __init__(self, wanted: str, origin: str, supported: Sequence[str]) -> None:
        super().__init__(
            f"{origin} wants {wanted}, and images run Python {supported[0]} to {supported[-1]}.",
            hint=f"ask for one of those (python={supported[-2]}), or serve the model with an older image of "
            "Seldon; what no longer has packages for a newer Python may have a wheel under `pip:`",
        )
        self.wanted = wanted
        self.supported = tuple(supported)


class CondaNotInstalled(SeldonError):
    """What reads environments of conda is an extra, which is not installed."""

    exit_code: ClassVar[int] = 98

    def __init__(self, missing: str) -> None:
        super().__init__(
            f"Environments of conda need the package {missing}, which is not installed.",
            hint="pip install 'seldon-python[conda]'; or write a requirements.txt in its place",
        )
        self.missing = missing
