"""The pod's annotations that say how to serve, as the variables that say the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from .variables import whole

# Where the operator mounts them (Kubernetes' downward API).
ANNOTATIONS = Path("/etc/podinfo/annotations")
REST_TIMEOUT, GRPC_SIZE = "seldon.io/rest-timeout", "seldon.io/grpc-max-message-size"


def with_annotations(variables: Mapping[str, str], file: Path) -> Mapping[str, str]:
    """Return ``variables``, and what the annotations of ``file`` say where a variable says nothing."""
    found = dict(_annotations(_text(file)))
    said = {
        # Milliseconds; a day is the most that SELDON_TIMEOUT_SECONDS may be.
        "SELDON_TIMEOUT_SECONDS": f"{whole(found, REST_TIMEOUT, 0, high=86_400_000) / 1000:g}",
        "SELDON_GRPC_MAX_MESSAGE_BYTES": str(whole(found, GRPC_SIZE, 0, high=(1 << 31) - 1)),
    }
    # 0 is said by nobody: it stands for an annotation that is not there.
    return {
        **variables,
        **{name: text for name, text in said.items() if text != "0" and not variables.get(name)},
    }


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""


def _annotations(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, _, value = line.partition("=")
        yield name.strip(), _unquoted(value.strip())


def _unquoted(value: str) -> str:
    try:
        # As Go quotes, which for what these values may be is as JSON does.
        return str(json.loads(value))
    except ValueError:
        return value
