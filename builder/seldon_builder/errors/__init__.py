"""Every error that a user of the builder can fix: what happened, what was found, what to do.

One class per cause, one file per family; each class carries its own exit code, listed in docs/errors.md:
10-19 and 70-75 what the user gave us, 20-29 and 89 dependencies, 30-39 the store and its layers, 40-49 base
images and interpreters, 50-59 destinations and registries, 60-69 the server in the image, 76-79 running and
serving on this machine, 80-84 plugins, 90-92 wheels that are built; 100-125 are for plugins of others.
"""

from __future__ import annotations

import re
from typing import ClassVar

from seldon_runtime.errors import SeldonError

from ..secret import MASK

__all__ = ["ReferenceInvalid", "SeldonError"]
_LOGIN = re.compile(r"^\S*:\S*@(?!sha256:)")


class ReferenceInvalid(SeldonError):
    """An image name breaks the grammar of references."""

    exit_code: ClassVar[int] = 10

    def __init__(self, text: str, reason: str) -> None:
        # What stands before an @ may be a password, unless a digest follows.
        text = _LOGIN.sub(f"{MASK}@", text)
        super().__init__(
            f"{text!r} is not an image reference: {reason}.",
            hint="write [registry[:port]/]name[:tag], for example iris:0.1 or localhost:5000/models/iris:0.1",
        )
        self.text = text
        self.reason = reason
