"""What the image's own Python runs to compile: its text is sent, nothing of ours is importable there.

Stdin: the number of processes that may work at once, then chunks, each a length and as many bytes; a length
of 0 ends them. A chunk is a row of files: number, length of path, length of source, path, source. Stdout: of
each file, in any order, its number, a length and as many bytes of pyc, none for what is not this Python's
syntax; at the end END, a length and what this Python is. All numbers are little-endian and of four bytes.

The bytes of a pyc depend on what its process interned before. So every chunk is compiled in a fork of this
one process, which itself imports nothing but built-in modules, decodes nothing and compiles nothing.
"""

import _imp
import gc
import marshal
import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC: bytes = sys.modules["_frozen_importlib_external"].MAGIC_NUMBER
KEY = int.from_bytes(MAGIC, "little")
UNCHECKED_HASH = b"\x01\0\0\0"
END = b"\xff\xff\xff\xff"
# Deep or damaged sources fail in more ways than by their syntax; all of these are the same for each run.
NOT_COMPILABLE = (SyntaxError, ValueError, OverflowError, RecursionError)
# A source too deep for the parser ends in MemoryError too, while there is memory for any: this much and as
# many times its size. It is only reserved, never touched.
PLENTY, PLENTY_TIMES = 1 << 28, 1 << 8


def main() -> None:
    """Compile all chunks of stdin."""
    gc.freeze()
    # A collection at another moment would leave other references behind.
    gc.disable()
    limit = read_number()
    # Whoever holds the one byte of this pipe may write its results.
    turn = posix.pipe()
    posix.write(turn[1], b".")
    running: set[int] = set()
    while length := read_number():
        chunk = read_exactly(length)
        if len(running) >= limit:
            reap(running)
        child = posix.fork()
        if not child:
            work(chunk, turn)
        running.add(child)
    while running:
        reap(running)
    last_word = b"%s %s" % (sys.implementation.name.encode(), version())
    write_all(END + len(last_word).to_bytes(4, "little") + last_word)


def version() -> bytes:
    """Return the exact version of this Python, a candidate's with its number."""
    major, minor, patch, level, serial = sys.version_info
    return b"%d.%d.%d%s" % (
        major,
        minor,
        patch,
        b"" if level == "final" else b"%s%d" % (level.encode(), serial),
    )


def work(chunk: bytes, turn: tuple[int, int]) -> None:
    """Compile a chunk and end this process."""
    try:
        results = b"".join([result(*file) for file in files(chunk)])
        posix.read(turn[0], 1)
        write_all(results)
        posix.write(turn[1], b".")
        posix._exit(0)
    except MemoryError:
        posix.write(2, b"there is not enough memory to compile\n")
    finally:
        posix._exit(1)


def files(chunk: bytes) -> "Iterator[tuple[bytes, bytes, bytes]]":
    """Yield number, path and source of each file."""
    at = 0
    while at < len(chunk):
        end = at + 12 + number(chunk, at + 4)
        last = end + number(chunk, at + 8)
        yield chunk[at : at + 4], chunk[at + 12 : end], chunk[end:last]
        at = last


def result(index: bytes, path: bytes, source: bytes) -> bytes:
    """Return what stdout says about a file."""
    pyc = compiled(path.decode(), source)
    return index + len(pyc).to_bytes(4, "little") + pyc


def compiled(path: str, source: bytes) -> bytes:
    """Return the pyc of a source; nothing where it has none."""
    try:
        code = compile(source, path, "exec", dont_inherit=True, optimize=0)
        if sys.version_info < (3, 11) and varies(code):
            return b""
        return MAGIC + UNCHECKED_HASH + _imp.source_hash(KEY, source) + marshal.dumps(code)
    except NOT_COMPILABLE:
        return b""
    except MemoryError:
        bytearray(PLENTY + PLENTY_TIMES * len(source))
        return b""


def varies(code: object) -> bool:
    """Tell whether a set of constants would be written in an order that differs from run to run.

    Python 3.10 writes sets in the order of their hashes, and hashes None and Ellipsis by their address.
    """
    if isinstance(code, frozenset):
        return any(not isinstance(item, (str, bytes, int, float, complex)) for item in code)
    return any(varies(item) for item in getattr(code, "co_consts", ()) if not isinstance(item, str))


def reap(running: set[int]) -> None:
    """Wait for one child; if it failed, end the others and this process."""
    child, status = posix.wait()
    running.discard(child)
    if status:
        for other in running:
            posix.kill(other, 9)
        sys.exit(f"a compiling process ended with status {status}")


def read_number() -> int:
    """Read a number from stdin."""
    return int.from_bytes(read_exactly(4), "little")


def number(data: bytes, at: int) -> int:
    """Return the number at a place of ``data``."""
    return int.from_bytes(data[at : at + 4], "little")


def read_exactly(length: int) -> bytes:
    """Read ``length`` bytes of stdin, past Python's buffers."""
    parts = []
    while length:
        part = posix.read(0, length)
        if not part:
            sys.exit("the job ended early")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def write_all(data: bytes) -> None:
    """Write to stdout, past Python's buffers."""
    view = memoryview(data)
    while view:
        view = view[posix.write(1, view) :]


if __name__ == "__main__":
    main()
