"""The labels of base images, and what those without them are taken for."""

from __future__ import annotations

PYTHON_VERSION = "io.seldon.python.version"
PYTHON_PATH = "io.seldon.python.path"
GLIBC_VERSION = "io.seldon.glibc.version"
STACK = "io.buildpacks.stack.id"
STACK_PREFIX = "io.seldon.python."
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
