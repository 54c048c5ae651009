"""Tar headers, byte for byte as Go's ``archive/tar`` writes them.

The CNB lifecycle packs with that library; its bytes give a layer one digest, whichever door built it.
"""

from __future__ import annotations

from posixpath import join, split

from ..entry import Entry
from ..image import EPOCH

BLOCK = 512
TRAILER = bytes(2 * BLOCK)
_NAME_SIZE, _PREFIX_SIZE = 100, 155
_LARGEST_OCTAL, _LARGEST_OWNER = 8**11 - 1, 8**7 - 1
_MAGIC = b"ustar\x0000"
_NO_DEVICES = b"0000000\0" * 2
_CHECKSUM_BLANK = b" " * 8


def header(entry: Entry, mtime: int = EPOCH) -> bytes:
    """Return the header blocks of ``entry``, an extended (PAX) header first where USTAR cannot hold it."""
    name, link = _encoded(entry.path), _encoded(entry.link)
    records = _extended_records(entry, name, link)
    if not records:
        return _main_block(entry, mtime, b"", name, link)
    if set(records) == {b"path"} and (halves := _ustar_halves(name)):
        return _main_block(entry, mtime, *halves, link)
    extended = _extended_header(name, records)
    return extended + _main_block(entry, mtime, b"", _ascii(name), _ascii(link))


def padding(size: int) -> bytes:
    """Return the zeros that fill the last block of a file of ``size`` bytes."""
    return bytes(-size % BLOCK)


def _encoded(path: str) -> bytes:
    # File names that are not UTF-8 travel as surrogates; their own bytes are what the archive must hold.
    return path.encode("utf-8", "surrogateescape")


def _typeflag(entry: Entry) -> bytes:
    if entry.link:
        return b"2"
    return b"5" if entry.content is None else b"0"


def _extended_records(entry: Entry, name: bytes, link: bytes) -> dict[bytes, bytes]:
    """Return what does not fit its plain field."""
    records = {}
    if len(name) > _NAME_SIZE or not name.isascii():
        records[b"path"] = name
    if len(link) > _NAME_SIZE or not link.isascii():
        records[b"linkpath"] = link
    if entry.size > _LARGEST_OCTAL:
        records[b"size"] = b"%d" % entry.size
    if entry.user > _LARGEST_OWNER:
        records[b"uid"] = b"%d" % entry.user
    if entry.group > _LARGEST_OWNER:
        records[b"gid"] = b"%d" % entry.group
    return records


def _ustar_halves(name: bytes) -> tuple[bytes, bytes] | None:
    """Split a long ASCII name at a slash into USTAR's prefix and name, None where no slash serves."""
    if not name.isascii():
        return None
    cut = name.rfind(b"/", 0, _PREFIX_SIZE + 1)
    prefix, rest = name[: max(cut, 0)], name[cut + 1 :]
    return (prefix, rest) if prefix and 0 < len(rest) <= _NAME_SIZE else None


def _extended_header(name: bytes, records: dict[bytes, bytes]) -> bytes:
    body = b"".join(_record(key, records[key]) for key in sorted(records))
    folder, base = split(name)
    # Go shortens this name, which no reader needs, after dropping what is not ASCII.
    short = _ascii(join(folder, b"PaxHeaders.0", base))[:_NAME_SIZE].rstrip(b"/")
    numbers = b"%07o\0%07o\0%07o\0%011o\0%011o\0" % (0, 0, 0, len(body), 0)
    block = _block(short, numbers, b"x", b"", b"", bytes(16))
    return block + body + padding(len(body))


def _record(key: bytes, value: bytes) -> bytes:
    """Format ``length key=value``, where the length counts its own digits."""
    rest = b" %s=%s\n" % (key, value)
    length = len(rest)
    while length != (counted := len(rest) + len(b"%d" % length)):
        length = counted
    return b"%d%s" % (length, rest)


def _main_block(entry: Entry, mtime: int, prefix: bytes, name: bytes, link: bytes) -> bytes:
    numbers = b"%07o\0%07o\0%07o\0%011o\0%011o\0" % (
        entry.mode & 0o7777,
        entry.user if entry.user <= _LARGEST_OWNER else 0,
        entry.group if entry.group <= _LARGEST_OWNER else 0,
        entry.size if entry.size <= _LARGEST_OCTAL else 0,
        mtime,
    )
    return _block(name, numbers, _typeflag(entry), link, prefix, _NO_DEVICES)


def _block(name: bytes, numbers: bytes, kind: bytes, link: bytes, prefix: bytes, devices: bytes) -> bytes:
    name, link = _field(name), _field(link)
    after = kind + link + _MAGIC + bytes(64) + devices + prefix.ljust(_PREFIX_SIZE + 12, b"\0")
    checksum = sum(name) + sum(numbers) + sum(_CHECKSUM_BLANK) + sum(after)
    return name + numbers + b"%06o\0 " % checksum + after


def _field(text: bytes) -> bytes:
    if len(text) <= _NAME_SIZE:
        return text.ljust(_NAME_SIZE, b"\0")
    cut = text[:_NAME_SIZE]
    if not cut.endswith(b"/"):
        return cut
    # Old readers take a name that ends in a slash for a folder, so Go ends it before the slash.
    end = len(cut[:-1].rstrip(b"/"))
    return cut[:end] + b"\0" + cut[end + 1 :]


def _ascii(text: bytes) -> bytes:
    return text if text.isascii() else bytes(byte for byte in text if byte < 0x80)
