"""Everything the user said, and where they said it."""

from __future__ import annotations

from dataclasses import dataclass

from .secret import Secret


@dataclass(frozen=True)
class Setting:
    """One variable: its value, where it came from, and whether it is for the build alone."""

    name: str
    value: str | Secret
    origin: str
    build_only: bool = False


@dataclass(frozen=True)
class Settings:
    """The variables that hold for a build, one of each name, sorted by name."""

    items: tuple[Setting, ...] = ()

    def find(self, name: str) -> Setting | None:
        """Return the setting of this name, None where nobody said anything."""
        return next((item for item in self.items if item.name == name), None)

    def get(self, name: str, default: str = "") -> str:
        """Return the value of ``name`` in the clear; secrets are revealed, so never print it."""
        item = self.find(name)
        if item is None:
            return default
        return item.value.reveal() if isinstance(item.value, Secret) else item.value

    def with_setting(self, setting: Setting) -> Settings:
        """Return these settings with ``setting`` in place of the one of its name."""
        others = tuple(item for item in self.items if item.name != setting.name)
        return Settings(tuple(sorted((*others, setting), key=lambda item: item.name)))

    @property
    def image_environment(self) -> dict[str, str]:
        """What enters the image's config: all that is neither build-only nor a secret."""
        return {
            item.name: item.value
            for item in self.items
            if not item.build_only and not isinstance(item.value, Secret)
        }
