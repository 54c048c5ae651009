"""What a tree's own Python runs to compile its standard library: only this text is sent.

Each chunk of files is compiled in a fork of this one process, which compiles nothing itself: marshal writes
differently after other files were compiled before.
"""

import _imp
import gc
import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 64
MAGIC = sys.modules["_frozen_importlib_external"].MAGIC_NUMBER
KEY = int.from_bytes(MAGIC, "little")
UNCHECKED_HASH = b"\x01\0\0\0"
# The same for each run. A MemoryError is not, and no source of the library is too deep for the parser.
NOT_COMPILABLE = (SyntaxError, ValueError, OverflowError, RecursionError)


def main() -> bool:
    """Compile every source below /usr/lib/python3*; tell whether all went well."""
    paths = list(sources())
    gc.freeze()
    # A collection at another moment would leave other references behind.
    gc.disable()
    limit, running, is_well = len(os.sched_getaffinity(0)), 0, True
    for start in range(0, len(paths), CHUNK):
        if running == limit:
            is_well &= not os.wait()[1]
            running -= 1
        if not os.fork():
            work(paths[start : start + CHUNK])
        running += 1
    for _ in range(running):
        is_well &= not os.wait()[1]
    return is_well


def sources() -> "Iterator[str]":
    """Yield the paths of all sources in a fixed order."""
    for top in sorted(name for name in os.listdir("/usr/lib") if name.startswith("python3")):  # noqa: PTH208
        for folder, folders, files in os.walk(f"/usr/lib/{top}"):
            folders.sort()
            yield from (f"{folder}/{name}" for name in sorted(files) if name.endswith(".py"))


def work(paths: list[str]) -> None:
    """Compile a chunk and end this process."""
    try:
        for path in paths:
            compile_one(path)
    except OSError as error:
        os.write(2, f"{error}\n".encode())
        os._exit(1)
    os._exit(0)


def compile_one(path: str) -> None:
    """Write the bytecode of a source to where Python looks for it; templates are left alone."""
    with open(path, "rb") as file:  # noqa: PTH123 - pathlib would load half of the library
        source = file.read()
    try:
        code = compile(source, path, "exec", dont_inherit=True, optimize=0)
    except NOT_COMPILABLE:
        return
    folder, name = path.rsplit("/", 1)
    os.makedirs(f"{folder}/__pycache__", exist_ok=True)  # noqa: PTH103
    target = f"{folder}/__pycache__/{name[:-3]}.{sys.implementation.cache_tag}.pyc"
    with open(target, "wb") as file:  # noqa: PTH123
        file.write(MAGIC + UNCHECKED_HASH + _imp.source_hash(KEY, source) + marshal.dumps(code))


sys.exit(not main())
