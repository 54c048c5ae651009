"""Signed states: bytes that only who has the key can make, for one place and one model.

A sealed state is MAGIC, eight bytes that tell the key, an HMAC-SHA256 of all the rest, the length of a JSON
header, the header (Redis key and model) and the pickled object.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import TypeAlias

from ..errors import StateRefused

State: TypeAlias = "bytes | memoryview"

NAME = b"SELDON-STATE"
# The last byte is the format's version.
MAGIC = NAME + b"\x01"
SIGNER = slice(len(MAGIC), len(MAGIC) + 8)
DIGEST = slice(SIGNER.stop, SIGNER.stop + hashlib.sha256().digest_size)
LENGTH = slice(DIGEST.stop, DIGEST.stop + 4)
DELETE = "or begin anew: delete it, or set another PREDICTIVE_UNIT_ID"


@dataclass(frozen=True)
class Seal:
    """Signs and verifies the states of ``model`` under ``key``; without ``secret`` they are bare pickles."""

    key: str
    model: str
    secret: bytes | None = field(repr=False)

    def sealed(self, state: bytes) -> bytes:
        """Return ``state`` as it is kept."""
        if self.secret is None:
            return state
        header = json.dumps({"key": self.key, "model": self.model}).encode()
        signer, length = self._signer(), len(header).to_bytes(4, "big")
        digest = self._digest(signer, length, header, state)
        return b"".join((MAGIC, signer, digest, length, header, state))

    def opened(self, value: bytes) -> State:
        """Return the state that ``value`` holds; StateRefused, before a byte of it is unpickled."""
        if self.secret is None:
            if value.startswith(NAME):
                raise self._refused("is signed", "set PERSISTENCE_KEY to the key that it was signed with")
            return value
        self._check_format(value)
        signer, digest = value[SIGNER], value[DIGEST]
        if not hmac.compare_digest(signer, self._signer()):
            raise self._refused("was signed with another key", f"set PERSISTENCE_KEY to that key; {DELETE}")
        if not hmac.compare_digest(digest, self._digest(signer, memoryview(value)[LENGTH.start :])):
            raise self._refused("was damaged, or changed by somebody without the key", DELETE[3:])
        return self._checked(memoryview(value))

    def vouched(self, value: bytes) -> bytes:
        """Return ``value`` signed, because the user says that it is genuine; it is not unpickled."""
        if value.startswith(MAGIC) and value[SIGNER] == self._signer():
            self.opened(value)
            return value
        return self.sealed(bytes(_body(memoryview(value))) if value.startswith(MAGIC) else value)

    def _checked(self, value: memoryview) -> memoryview:
        header = json.loads(bytes(value[LENGTH.stop : _end_of_header(value)]))
        if header["key"] != self.key:
            raise self._refused(f"was saved as {header['key']}", DELETE[3:])
        if header["model"] != self.model:
            raise self._refused(
                f"is of the model {header['model']}, not {self.model}", f"serve that; {DELETE}"
            )
        return _body(value)

    def _check_format(self, value: bytes) -> None:
        if not value.startswith(NAME):
            raise self._refused(
                "is not signed, as those of seldon-core up to 1.7 are not",
                "if nobody else could write to this Redis, run `python -m seldon_runtime.persistence.sign` "
                f"once with the same variables; {DELETE}",
            )
        if not value.startswith(MAGIC):
            raise self._refused("has another format", f"serve it with the version that saved it; {DELETE}")
        if len(value) < LENGTH.stop:
            raise self._refused("was cut short", DELETE[3:])

    def _refused(self, reason: str, hint: str) -> StateRefused:
        return StateRefused(self.key, reason, hint)

    def _signer(self) -> bytes:
        """Return what tells this key from others without giving it away."""
        return self._mac(b"seldon-python signer")[:8]

    def _digest(self, *parts: State) -> bytes:
        return self._mac(MAGIC, *parts)

    def _mac(self, *parts: State) -> bytes:
        assert self.secret is not None
        digest = hmac.new(self.secret, digestmod=hashlib.sha256)
        for part in parts:
            digest.update(part)
        return digest.digest()


def _body(value: memoryview) -> memoryview:
    return value[_end_of_header(value) :]


def _end_of_header(value: memoryview) -> int:
    return LENGTH.stop + int.from_bytes(value[LENGTH], "big")
