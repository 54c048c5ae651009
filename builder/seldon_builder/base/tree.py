"""The file tree of a base image: read from a tar, changed, and written as one reproducible layer."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO

from ..entry import Bytes, Entry, PartOfFile
from ..layers.encoder import TarEncoder
from ..layers.tar import TRAILER, header, padding


@dataclass(frozen=True)
class Member:
    """A path of the tree; ``is_hard_link`` tells that the entry's link is another path of the tree."""

    entry: Entry
    is_hard_link: bool = False

    def read(self) -> bytes:
        """Return the file's content."""
        assert self.entry.content is not None, f"{self.entry.path} is not a file"
        with self.entry.content.open() as content:
            return content.read()


Tree = Mapping[str, Member]


def tree_of(file: BinaryIO) -> dict[str, Member]:
    """Read an uncompressed tar; devices, pipes and setuid bits stay behind, and so does the root itself."""
    file.seek(0)
    tree = {}
    with tarfile.open(fileobj=file, mode="r:") as archive:
        for info in archive:
            path = info.name.removeprefix("./").strip("/")
            if path not in ("", ".") and (info.isreg() or info.isdir() or info.issym() or info.islnk()):
                tree[path] = _member(file, path, info)
    return _links_after_files(tree)


def _member(file: BinaryIO, path: str, info: tarfile.TarInfo) -> Member:
    # A serving image needs no program that changes its user; folders keep their sticky bit.
    mode = info.mode & (0o1777 if info.isdir() else 0o777)
    entry = Entry(path, mode, user=info.uid, group=info.gid)
    if info.issym():
        return Member(replace(entry, mode=0o777, link=info.linkname))
    if info.islnk():
        return Member(replace(entry, link=info.linkname.removeprefix("./").strip("/")), is_hard_link=True)
    if info.isdir():
        return Member(entry)
    return Member(replace(entry, size=info.size, content=PartOfFile(file, info.offset_data, info.size)))


def _links_after_files(tree: dict[str, Member]) -> dict[str, Member]:
    """Let the first name of a file in sorted order hold it, so that a reader meets no link before it."""
    names: dict[str, list[str]] = {}
    for path, member in tree.items():
        if member.is_hard_link:
            names.setdefault(member.entry.link, [member.entry.link]).append(path)
    for target, paths in names.items():
        content = tree[target].entry
        first, *others = sorted(paths)
        tree[first] = Member(replace(content, path=first))
        for other in others:
            hard = replace(content, path=other, size=0, content=None, link=first)
            tree[other] = Member(hard, is_hard_link=True)
    return tree


def with_files(tree: Tree, files: Mapping[str, bytes]) -> dict[str, Member]:
    """Put small root-owned files into ``tree``, in place of what stood there."""
    return {
        **tree,
        **{path: Member(_owned_by_root(path, 0o644, data)) for path, data in files.items()},
    }


def with_folders(tree: Tree, folders: Iterable[Entry]) -> dict[str, Member]:
    """Put folders into ``tree``, with their own owners."""
    return {**tree, **{entry.path: Member(entry) for entry in folders}}


def _owned_by_root(path: str, mode: int, data: bytes) -> Entry:
    return Entry(path, mode, len(data), Bytes(data), user=0, group=0)


def write_tree(tree: Tree, encoder: TarEncoder) -> None:
    """Write ``tree`` as a tar, sorted, with one mtime."""
    for path in sorted(tree):
        member = tree[path]
        block = header(member.entry)
        encoder.write(_hard(block) if member.is_hard_link else block)
        if member.entry.content is not None:
            encoder.write(member.read())
            encoder.write(padding(member.entry.size))
    encoder.write(TRAILER)


def _hard(block: bytes) -> bytes:
    """Turn the header of a symbolic link into that of a hard one: type 1 for 2, checksum one less."""
    start = len(block) - 512
    checksum = int(block[start + 148 : start + 154], 8) - 1
    head = block[: start + 148] + b"%06o\0 " % checksum
    return head + b"1" + block[start + 157 :]
