"""The builder, imported when something must be built: most models need none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..dependencies.resolver import Ask, Resolver
from ..detection import Detection, Requirement
from ..digest import Digest
from ..errors.resolution import PackageWithoutWheel
from ..errors.source import SettingInvalid
from ..lock import Lock
from ..package_index import PackageIndex
from ..settings import Settings

if TYPE_CHECKING:
    from ..base import Base
    from ..order import Order
    from .builder import Builder

FORBIDDING, LIMIT = "SELDON_NO_BUILD", "SELDON_BUILD_MINUTES"
_NO = ("", "0", "false", "no", "off")


@dataclass(frozen=True)
class BuilderOnDemand:
    """Stands for the builder that ``make`` makes at the first use."""

    make: Callable[[], Builder] = field(compare=False)

    @cached_property
    def _builder(self) -> Builder:
        return self.make()

    def build(self, requirement: Requirement) -> Path:
        """Return the wheel of the folder or archive ``requirement.build``."""
        return self._builder.build(requirement)

    def build_archive(self, name: str, version: str, url: str, sha256: Digest) -> Path:
        """Return the wheel of a source archive that is named by URL and hash."""
        return self._builder.build_archive(name, version, url, sha256)

    def locked(
        self, detection: Detection, index: PackageIndex, lacking: PackageWithoutWheel, ask: Ask
    ) -> Lock:
        """Build what ``lacking`` names from the source archives of ``index``, then ``ask`` again."""
        from .missing import locked_with_built

        return locked_with_built(self._builder, detection, index, lacking, ask)


def builder_for(
    order: Order, settings: Settings, resolver: Resolver, chosen: Base | None, index: PackageIndex
) -> BuilderOnDemand | None:
    """Return what builds wheels for ``resolver`` from packages of ``index``; None where that is forbidden."""
    if settings.get(FORBIDDING).lower() not in _NO:
        return None
    seconds = _limit(settings)

    def make() -> Builder:
        from dataclasses import replace

        from .builder import SECONDS, Builder
        from .images import BuildImages

        images = BuildImages(
            resolver.target, chosen, resolver.store, resolver.emit,
            order.mirror, order.offline, order.output.connections.proxies,
        )  # fmt: skip
        return Builder(images, replace(resolver, index=index), seconds or SECONDS)

    return BuilderOnDemand(make)


def _limit(settings: Settings) -> float:
    setting = settings.find(LIMIT)
    if setting is None:
        return 0.0
    try:
        minutes = float(str(setting.value))
    except ValueError:
        minutes = 0.0
    if not 0 < minutes < 1e6:
        raise SettingInvalid([f"{setting.origin}: {LIMIT}={setting.value} is no number of minutes"])
    return minutes * 60
