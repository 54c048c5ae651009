"""What can go wrong with plugins, and what they can say no to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ..refusal import Refusal
from . import SeldonError


class PluginBroken(SeldonError):
    """A plugin's module cannot be imported."""

    exit_code: ClassVar[int] = 80

    def __init__(self, name: str, distribution: str, error: Exception) -> None:
        super().__init__(
            f"The plugin {name!r} of {distribution} cannot be imported: {type(error).__name__}: {error}.",
            hint=f"mend or uninstall {distribution}; `seldon-python plugins` lists what is loaded",
        )
        self.name = name


class PluginInvalid(SeldonError):
    """A plugin implements a hook that does not exist, or with arguments that it does not have."""

    exit_code: ClassVar[int] = 81

    def __init__(self, name: str, distribution: str, reason: str) -> None:
        source = f" of {distribution}" if distribution else ""
        super().__init__(
            f"The plugin {name!r}{source} does not fit our hooks: {reason.strip()}.",
            hint="docs/hooks.md lists every hook with its arguments",
        )
        self.name = name


class ImageRefused(SeldonError):
    """A policy plugin refused the image; nothing was written."""

    exit_code: ClassVar[int] = 82

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        reasons = "".join(f"\n  {refusal.policy}: {refusal.reason}" for refusal in refusals)
        super().__init__(
            f"The image was not written, {len(refusals)} refused it:{reasons}",
            hint="; ".join(refusal.hint for refusal in refusals if refusal.hint),
        )
        self.refusals = tuple(refusals)


class OutputUnknown(SeldonError):
    """No plugin writes to what --output named, or not images of several platforms."""

    exit_code: ClassVar[int] = 83

    def __init__(self, output: str, *, platforms: int = 1) -> None:
        several = platforms > 1
        super().__init__(
            f"What writes to {output!r} takes an image for one platform, not for {platforms}."
            if several
            else f"Nothing here writes an image to {output!r}.",
            hint="use --output oci:DIR or registry, or build for one --platform at a time"
            if several
            else "use --output docker, oci:DIR, archive:FILE or registry",
        )
        self.output = output


class LockUnclaimed(SeldonError):
    """No plugin makes layers of this kind of lock."""

    exit_code: ClassVar[int] = 84

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"No plugin makes layers of a lock of kind {kind!r}.",
            hint="the plugin that resolved it must also implement seldon_layers; see docs/hooks.md",
        )
        self.kind = kind
