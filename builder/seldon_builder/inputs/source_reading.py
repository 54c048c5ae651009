"""Read the model folder: what takes part, and what cannot."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ..errors.source import (
    FileNameNotText,
    FileUnreadable,
    SourceEmpty,
    SourceMissing,
    SpecialFile,
    SymlinkLeavesSource,
)
from ..events import Emit, decision, progress
from ..source import Source, SourceFile
from .ignore_rules import NEVER_FOLDERS, IgnoreRule, Verdict, ignore_rules, never_packed

# Group 0 may write: an image of ours runs as any user of that group.
FILE_MODE, PROGRAM_MODE, FOLDER_MODE = 0o664, 0o775, 0o775
_EVERY = 5000


def read_source(folder: Path, emit: Emit) -> Source:
    """Walk ``folder`` and return what takes part in a build; contents are not read.

    Everything of one kind that an image cannot hold is reported at once.
    """
    if not folder.is_dir():
        raise SourceMissing(folder, "a file" if folder.exists() else "")
    walk = _Walk(folder, ignore_rules(folder), emit)
    walk.run()
    walk.refuse()
    walk.tell()
    if not walk.files:
        raise SourceEmpty(folder, sum(walk.ignored.values()) + len(walk.never))
    return Source(folder, walk.sorted_files())


@dataclass
class _Walk:
    root: Path
    rules: tuple[IgnoreRule, ...]
    emit: Emit
    files: list[SourceFile] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)
    never: list[str] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    not_text: list[str] = field(default_factory=list)
    leaving: list[tuple[str, str]] = field(default_factory=list)
    special: list[tuple[str, str]] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Visit every folder that may hold something that takes part."""
        self._real_root = os.path.realpath(self.root)
        pending = [("", tuple(Verdict() for _ in self.rules))]
        while pending:
            prefix, above = pending.pop()
            for entry in self._entries(prefix):
                verdicts = self._visit(prefix, entry, above)
                if verdicts is not None:
                    pending.append((f"{prefix}{entry.name}/", verdicts))

    def _entries(self, prefix: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / prefix) as entries:
                yield from entries
        except PermissionError:
            self.unreadable.append(prefix or str(self.root))

    def _visit(
        self, prefix: str, entry: os.DirEntry[str], above: tuple[Verdict, ...]
    ) -> tuple[Verdict, ...] | None:
        """Take ``entry`` in where it takes part; return its verdicts where it is a folder to walk."""
        path, is_folder = prefix + entry.name, entry.is_dir(follow_symlinks=False)
        # A link counts as what it leads to: whl may lie elsewhere.
        if never_packed(prefix, entry.name, Path(entry.path) if _leads_to_folder(entry) else None):
            self.never.append(path + "/" * is_folder)
            return None
        verdicts = tuple(
            rule.verdict(path, over, is_folder=is_folder)
            for rule, over in zip(self.rules, above, strict=True)
        )
        against = [
            rule for rule, verdict in zip(self.rules, verdicts, strict=True) if rule.leaves_out(verdict)
        ]
        if against:
            self.ignored[against[0].origin] += 1
            return verdicts if is_folder and all(rule.may_return for rule in against) else None
        if not _is_text(path):
            self.not_text.append(_escaped(path))
            return None
        if is_folder:
            self.folders.add(path)
            return verdicts
        self._take(path, entry)
        return None

    def _take(self, path: str, entry: os.DirEntry[str]) -> None:
        if entry.is_symlink():
            self._take_link(path, entry.path)
            return
        found = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            self.special.append((path, _kind(found.st_mode)))
        elif not os.access(entry.path, os.R_OK):
            self.unreadable.append(path)
        else:
            mode = PROGRAM_MODE if found.st_mode & 0o111 else FILE_MODE
            self.files.append(SourceFile(PurePosixPath(path), mode, found.st_size))
            if len(self.files) % _EVERY == 0:
                self.emit(progress("detect", f"Reading the model folder: {len(self.files)} files"))

    def _take_link(self, path: str, place: str) -> None:
        target = os.readlink(place)  # noqa: PTH115  # a Path would tidy it
        if not _is_text(target):
            self.not_text.append(f"{path} -> {_escaped(target)}")
        elif self._leaves(path, place, target):
            self.leaving.append((path, target))
        else:
            self.files.append(SourceFile(PurePosixPath(path), 0o777, link=target))

    def _leaves(self, path: str, place: str, target: str) -> bool:
        """Tell whether a link is broken once the folder is moved into an image."""
        # An absolute target, or one that goes out and comes back in by the folder's name, is right only here.
        written = os.path.normpath(os.path.join(os.path.dirname(path), target))  # noqa: PTH118, PTH120
        if os.path.isabs(target) or written == ".." or written.startswith("../"):  # noqa: PTH117
            return True
        real = os.path.realpath(place)
        return real != self._real_root and not real.startswith(self._real_root.rstrip("/") + "/")

    def refuse(self) -> None:
        """Raise for what cannot be put into an image, everything of the first kind at once."""
        if self.unreadable:
            raise FileUnreadable(sorted(self.unreadable))
        if self.not_text:
            raise FileNameNotText(sorted(self.not_text))
        if self.special:
            raise SpecialFile(sorted(self.special))
        if self.leaving:
            raise SymlinkLeavesSource(sorted(self.leaving))

    def tell(self) -> None:
        """Say what was left out and by whom, except what nobody expects in an image."""
        for origin, count in sorted(self.ignored.items()):
            self.emit(decision("detect", f"{origin} leaves out {count} {'path' if count == 1 else 'paths'}"))
        telling = [path for path in sorted(self.never) if not _is_expected(path)]
        if telling:
            shown = ", ".join(_escaped(path) for path in telling[:5]) + (", ..." if len(telling) > 5 else "")
            self.emit(decision("detect", f"Never part of an image: {shown} (docs/source.md)"))

    def sorted_files(self) -> tuple[SourceFile, ...]:
        """Return files, links and folders by path; the folders of what takes part take part."""
        parents = {str(parent) for file in self.files for parent in file.path.parents} - {"."}
        folders = [
            SourceFile(PurePosixPath(path), FOLDER_MODE, is_folder=True) for path in self.folders | parents
        ]
        return tuple(sorted([*self.files, *folders], key=lambda file: str(file.path)))


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _escaped(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "named pipe"
    if stat.S_ISSOCK(mode):
        return "socket"
    return "device"


def _is_expected(path: str) -> bool:
    name = path.rstrip("/").rpartition("/")[2]
    return (
        name in NEVER_FOLDERS - {"venv", ".venv"} or name.startswith(".git") or name.endswith((".pyc", "~"))
    )
