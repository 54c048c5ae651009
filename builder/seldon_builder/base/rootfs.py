"""The files of an image, unpacked once for the programs that must run among them."""

from __future__ import annotations

import errno
import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from ..digest import Digest
from ..events import Emit, decision, progress
from ..image import Image
from ..store import Store, touch
from .seal import is_whole, seal

# A longer chain of symbolic links is a loop: the kernel's own limit.
_LINKS = 40
# What a private mount namespace needs to lay its own files over (sandboxes.py).
MOUNT_FOLDERS = ("dev", "proc", "tmp", "mnt/seldon")
MOUNT_FILES = ("etc/resolv.conf", "etc/hosts")


def chain_of(image: Image) -> Digest:
    """Return what names the file tree of ``image``: the digest of its diff ids, bottom first."""
    return Digest.of("\n".join(str(layer.diff_id) for layer in image.layers).encode())


def unpack(image: Image, store: Store, emit: Emit) -> Path:
    """Return the folder with the files of ``image``, unpacked where it was not before.

    Owners are those of the caller and no file is setuid; devices are left out.
    """
    name = chain_of(image).hex
    place = store.root / "rootfs" / name
    if is_whole(place):
        touch(place)
        return place
    with exclusive(store.root / "rootfs" / f".{name}.lock"):
        if not is_whole(place):
            if place.is_dir():
                emit(decision("base", "Unpacking the base image once more: what was unpacked is damaged"))
            _unpack_anew(image, place, emit)
    return place


def _unpack_anew(image: Image, place: Path, emit: Emit) -> None:
    # Under the lock: what stands here was damaged, or left behind by a process that was killed.
    partial = place.with_name(f".{place.name}.partial")
    remove(partial)
    try:
        partial.mkdir()
        # Another user's interpreter runs in it, whatever the umask of whoever builds.
        partial.chmod(0o755)
        _unpack_layers(image, partial, emit)
        _make_mount_points(partial)
        seal(partial, place)
        remove(place)
        partial.rename(place)
    finally:
        remove(partial)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock of this name against every other process; a killed one lets go of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def resolve(root: Path, path: str) -> Path | None:
    """Follow ``path`` below ``root`` as a process there would; None where nothing is or links loop."""
    try:
        found = place_of(root, path)
        return found if found is not None and found.exists() else None
    except OSError:
        # A name that is longer than any can be.
        return None


def place_of(root: Path, path: str) -> Path | None:
    """Return where ``path`` lies below ``root``, every link followed as if ``root`` were ``/``.

    The place itself need not exist; None where links loop.
    """
    here, rest, links = root, list(reversed(PurePosixPath(path).parts)), 0
    while rest:
        part = rest.pop()
        if part == "/":
            here = root
        elif part == "..":
            here = here if here == root else here.parent
        elif (step := here / part).is_symlink():
            links += 1
            if links > _LINKS:
                return None
            rest.extend(reversed(PurePosixPath(step.readlink()).parts))
        else:
            here = step
    return here


def remove(path: Path) -> None:
    """Remove a file, link, pipe or tree, whatever its modes; nothing where it is not there."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    try:
        shutil.rmtree(path)
    except (OSError, RecursionError):
        _remove_by_tools(path)


def _remove_by_tools(path: Path) -> None:
    """Remove a tree with closed folders, or of more levels than Python follows."""
    import subprocess

    from .sandboxes import tool

    path.chmod(0o700)
    subprocess.run([tool("chmod"), "-R", "u+rwx", "--", path], capture_output=True, check=False)
    done = subprocess.run([tool("rm"), "-rf", "--", path], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(errno.EBUSY, done.stderr.strip()[-300:], str(path))


def _unpack_layers(image: Image, root: Path, emit: Emit) -> None:
    # Only where something must really be unpacked: tarfile and gzip cost a warm build 20 ms.
    from .rootfs_layer import unpack_layer

    total, done = sum(layer.unpacked_size for layer in image.layers), 0
    for layer in image.layers:
        below = done

        def moved(count: int, below: int = below) -> None:
            emit(progress("base", "Unpacking the base image", below + count, total))

        unpack_layer(layer, root, moved)
        done += layer.unpacked_size


def _make_mount_points(root: Path) -> None:
    for name in MOUNT_FOLDERS:
        _plain_parents(root, name)
        if (root / name).is_symlink() or not (root / name).is_dir():
            remove(root / name)
            (root / name).mkdir()
    for name in MOUNT_FILES:
        _plain_parents(root, name)
        if (root / name).is_symlink() or not (root / name).is_file():
            remove(root / name)
            (root / name).touch()


def _plain_parents(root: Path, name: str) -> None:
    """Make every parent a folder of its own: a mount follows links out of ``root``."""
    for parent in list(PurePosixPath(name).parents)[-2::-1]:
        place = root / parent
        if place.is_symlink() or not place.is_dir():
            remove(place)
            place.mkdir()
