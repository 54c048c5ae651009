"""TOML that others wrote, whatever it holds."""

from __future__ import annotations

from typing import Any


class NotToml(ValueError):
    """A text is no TOML; says why."""


def read_toml(text: str) -> dict[str, Any]:
    """Return what a text says; NotToml where it is none that can be read."""
    import tomllib

    try:
        return tomllib.loads(text)
    except RecursionError:
        raise NotToml("its lists or tables are nested too deep") from None
    except tomllib.TOMLDecodeError as error:
        raise NotToml(f"it is not TOML: {error}") from error
    except ValueError:
        # Python's own limit, which its parser knows nothing of.
        raise NotToml("a number in it has thousands of digits") from None
