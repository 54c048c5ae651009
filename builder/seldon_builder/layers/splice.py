"""A wheel's own deflate bytes, put into the layer as they are.

A wheel is a zip of deflate streams and a layer is a deflate stream, so nothing of a wheel is compressed
anew: tar headers become fixed-Huffman blocks (RFC 1951, 3.2.6), small files are spliced between them, large
files become gzip members of their own. So the bytes are the same whatever library a machine has.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Protocol

import deflate

from ..digest import Digest
from .encoder import CHUNK, GZIP_HEADER, Data, Sink, gzip_member, trailer

# From here on real compression beats the fixed-Huffman code by more than the new member costs.
_LONGEST_LITERAL = 1 << 12
# What is larger is streamed, more slowly, so that memory does not grow with it.
_LARGEST_IN_MEMORY = 1 << 25
_READ = 1 << 18
_EMPTY_FINAL_BLOCK = b"\x03\0"
_SYNC = b"\0\0\xff\xff"
# The shortest run of zeros for which a match is shorter than its literals.
_ZEROS = re.compile(rb"\0{4,}")


class DeflateDamaged(Exception):
    """A deflate stream is not what its zip says: another length or checksum, or no deflate at all."""


class Hash(Protocol):
    """The hash of the bytes so far."""

    def update(self, data: Data, /) -> None:
        """Take more bytes in."""

    def digest(self) -> bytes:
        """Return the hash."""


class Reader(Protocol):
    """Where compressed bytes come from."""

    def read(self, count: int, /) -> bytes:
        """Return at most ``count`` bytes, none at the end."""


class SplicingEncoder:
    """A ``TarEncoder`` that also takes content which is compressed already."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._pending = bytearray()
        self._hash, self._size = hashlib.sha256(), 0
        self._part: Hash | None = None
        self._member: _Member | None = None

    def write(self, data: Data) -> None:
        """Append bytes of the tar."""
        self._tell(data)
        self._pending += data
        while len(self._pending) >= CHUNK:
            self._close_member()
            self._sink.write(gzip_member(bytes(memoryview(self._pending)[:CHUNK])))
            del self._pending[:CHUNK]

    def write_deflated(self, raw: Reader, compressed_size: int, crc: int, size: int) -> None:
        """Append ``size`` bytes of the tar, given as the next ``compressed_size`` bytes of ``raw``."""
        self._flush()
        if size > _LARGEST_IN_MEMORY or compressed_size > _LARGEST_IN_MEMORY:
            self._close_member()
            self._stream(raw, compressed_size, crc, size)
            return
        compressed = read_exactly(raw, compressed_size)
        if not size:
            _prove_empty(compressed, crc)
        elif not self._splice(compressed, crc, size):
            self._close_member()
            whole = _inflated(compressed, crc, size)
            if whole is None:
                raise DeflateDamaged
            self._tell(whole)
            self._sink.write(b"".join((GZIP_HEADER, compressed, trailer(crc, size))))

    def finish(self) -> tuple[Digest, int]:
        """End the blob and return the tar's digest (the diff id) and length."""
        self._flush()
        if not self._size:
            self._open_member()
        self._close_member()
        return Digest(self._hash.hexdigest()), self._size

    @contextmanager
    def hashing(self) -> Iterator[Hash]:
        """Hash what is appended meanwhile, apart from all the rest."""
        self._part = hashlib.sha256()
        try:
            yield self._part
        finally:
            self._part = None

    def _tell(self, data: Data) -> None:
        self._hash.update(data)
        if self._part is not None:
            self._part.update(data)
        self._size += len(data)

    def _flush(self) -> None:
        """Write the pending literals: into the running member, or as one of their own if they are many."""
        literals = bytes(self._pending)
        self._pending.clear()
        if len(literals) > _LONGEST_LITERAL:
            self._close_member()
            self._sink.write(gzip_member(literals))
        elif literals:
            self._open_member().add(fixed_huffman(literals), literals)

    def _splice(self, compressed: bytes, crc: int, size: int) -> bool:
        """Put a stream of a single block into the running member; False where it is of another shape."""
        if not compressed or not compressed[0] & 1:
            return False
        # No longer the last block: an empty stored one, whose header may begin in the last byte, follows.
        body = bytes((compressed[0] & 0xFE,)) + compressed[1:]
        for block in (body + _SYNC, body + b"\0" + _SYNC):
            content = _inflated(block + _EMPTY_FINAL_BLOCK, crc, size)
            if content is not None:
                self._tell(content)
                self._open_member().add(block, content)
                return True
        return False

    def _stream(self, raw: Reader, compressed_size: int, crc: int, size: int) -> None:
        """Copy a large stream as a member of its own while its content is hashed and checked."""
        self._sink.write(GZIP_HEADER)
        found, before = 0, self._size
        for content in self._copied(raw, compressed_size):
            self._tell(content)
            found = deflate.crc32(content, found)
        if found != crc or self._size - before != size:
            raise DeflateDamaged
        self._sink.write(trailer(crc, size))

    def _copied(self, raw: Reader, compressed_size: int) -> Iterator[bytes]:
        """Write the stream as it is and yield what it holds."""
        inflater, left = zlib.decompressobj(-zlib.MAX_WBITS), compressed_size
        while left:
            data = read_exactly(raw, min(left, _READ))
            left -= len(data)
            self._sink.write(data)
            while data:
                yield _inflate_some(inflater, data)
                data = inflater.unconsumed_tail
        while rest := _inflate_some(inflater, b""):
            yield rest
        if not inflater.eof or inflater.unused_data:
            raise DeflateDamaged

    def _open_member(self) -> _Member:
        if self._member is None:
            self._sink.write(GZIP_HEADER)
            self._member = _Member(self._sink)
        return self._member

    def _close_member(self) -> None:
        if self._member is not None:
            self._sink.write(_EMPTY_FINAL_BLOCK + trailer(self._member.crc, self._member.size))
            self._member = None


class _Member:
    """A gzip member that grows, block by block."""

    def __init__(self, sink: Sink) -> None:
        self._sink, self.crc, self.size = sink, 0, 0

    def add(self, blocks: bytes, content: Data) -> None:
        self._sink.write(blocks)
        self.crc = deflate.crc32(content, self.crc)
        self.size += len(content)


def read_exactly(raw: Reader, count: int) -> bytes:
    """Read ``count`` bytes; DeflateDamaged where fewer are left."""
    parts, left = [], count
    while left:
        part = raw.read(left)
        if not part:
            raise DeflateDamaged
        parts.append(part)
        left -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _prove_empty(compressed: bytes, crc: int) -> None:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    if crc or _inflate_some(inflater, compressed) or not inflater.eof or inflater.unused_data:
        raise DeflateDamaged


def _inflated(blocks: bytes, crc: int, size: int) -> bytearray | None:
    """Return the content of a deflate stream that ends with its last byte; None where anything is odd.

    There must be content: of an empty member the library proves nothing.
    """
    try:
        # As a gzip member, because then the place of the end, the length and the checksum are all proven.
        return deflate.gzip_decompress(b"".join((GZIP_HEADER, blocks, trailer(crc, size))))
    except deflate.DeflateError:
        return None


def _inflate_some(inflater: zlib._Decompress, data: bytes) -> bytes:
    try:
        return inflater.decompress(data, CHUNK)
    except zlib.error as error:
        raise DeflateDamaged from error


def fixed_huffman(literals: bytes) -> bytes:
    """Return ``literals`` as one block that is not the last, aligned to bytes by an empty stored block."""
    bits, count, end = 0b010, 3, 0
    for run in _ZEROS.finditer(literals):
        for code, width in (_codes(literals[end : run.start()]), _zeros(len(run.group()))):
            bits |= code << count
            count += width
        end = run.end()
    code, width = _codes(literals[end:])
    bits |= code << count
    # The end-of-block code and the header of the stored block are ten zeros.
    count += width + 7 + 3
    return bits.to_bytes((count + 7) // 8, "little") + _SYNC


def _codes(literals: bytes) -> tuple[int, int]:
    """Return the codes of ``literals`` and their width in bits."""
    if not literals or max(literals) < 144:
        return int.from_bytes(literals.translate(_EIGHT_BITS), "little"), 8 * len(literals)
    bits = count = 0
    for byte in literals:
        code, width = (_EIGHT_BITS[byte], 8) if byte < 144 else (_reversed(byte + 256, 9), 9)
        bits |= code << count
        count += width
    return bits, count


def _reversed(code: int, width: int) -> int:
    # Huffman codes are packed from their most significant bit on.
    return int(f"{code:0{width}b}"[::-1], 2)


_EIGHT_BITS = bytes(_reversed(byte + 48, 8) if byte < 144 else 0 for byte in range(256))


@lru_cache(maxsize=2048)
def _zeros(length: int) -> tuple[int, int]:
    """Return the codes of ``length`` zeros: one literal, then matches at distance 1."""
    bits, count = _codes(b"\0")
    left = length - 1
    while left:
        # A rest below three could not be matched.
        match = min(left, 258) if left <= 258 or left - 258 >= 3 else left - 3
        code, width = _match(match)
        bits |= code << count
        count += width
        left -= match
    return bits, count


def _match(length: int) -> tuple[int, int]:
    """Return the codes of a match of ``length`` (3-258) at distance 1 (RFC 1951, 3.2.5)."""
    symbol, extra_bits, extra = 285, 0, 0
    if length < 258:
        base, symbol = 3, 257
        while length >= base + (1 << extra_bits):
            base += 1 << extra_bits
            symbol += 1
            extra_bits = max(0, (symbol - 261) // 4)
        extra = length - base
    width, code = (7, symbol - 256) if symbol < 280 else (8, symbol - 280 + 192)
    # Distance 1 is code 0 of five bits.
    return _reversed(code, width) | extra << width, width + extra_bits + 5
