"""Read requirements files as pip does, without running anything and without the host's environment."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..detection import Detection, Requirement
from ..errors.resolution import BadLine, PackageWithoutWheel, RequirementsInvalid
from ..package_index import PackageIndex
from ..secret import Secret
from ..settings import Settings
from ..source import Source
from .requirement_options import LineOptions, OptionUnknown, read_options
from .requirement_places import (
    NeedsBuild,
    PlaceInvalid,
    editable_requirement,
    folder_or_url,
    is_place,
    placed_requirement,
)
from .url_credentials import masked_line, split_credentials

_COMMENT, _COMMENT_LINE = re.compile(r"(^|\s)#.*$"), re.compile(r"\s*#")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
# No scheme is longer; without an end, a long line would be searched again from each of its letters.
_URL = re.compile(r"[a-z][a-z0-9+.-]{0,30}://[^\s;]+", re.IGNORECASE)
# What most lines are; anything else is for the parser of PEP 508, which takes 35 ms to be imported.
_NAME, _VERSION = r"[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*", r"[0-9]+(?:\.[0-9]+)*"
_SPECIFIER = rf" *(?:==|!=|<=|>=|<|>) *{_VERSION} *"
PLAIN_LINE = re.compile(rf"{_NAME}(?:{_SPECIFIER}(?:,{_SPECIFIER})*)?")
_PINNED = re.compile(rf"{_NAME} *== *{_VERSION}")
# Hashes not counted. The parsers of what is longer take very long, or more of the stack than there is.
LONGEST, _DEEPEST, _SHOWN = 8192, 50, 300
_PROJECT_FILES = ("setup.py", "setup.cfg", "pyproject.toml")
_NOT_EDITABLE = "is installed as a wheel, not editable: an image does not change"
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def read_requirements(
    source: Source,
    path: str,
    settings: Settings | None = None,
    lines: Iterable[tuple[int, str]] | None = None,
) -> Detection:
    """Read the requirements file at ``path`` and all that it includes.

    ``lines``, each with its number, are given where another kind of file has them within it.
    ``${NAME}`` is replaced from ``settings`` alone. RequirementsInvalid names every bad line of every file,
    PackageWithoutWheel everything that would have to be built and cannot be.
    """
    reading = _Reading(source, settings or Settings())
    reading.read(path, constraints=False, within=(), lines=lines)
    reading.check_hashes()
    if reading.bad:
        raise RequirementsInvalid(reading.bad)
    if reading.unbuilt:
        raise PackageWithoutWheel(reading.unbuilt)
    return Detection(
        "requirements",
        tuple(dict.fromkeys((*reading.files, *reading.project_files()))),
        "; ".join((f"{path} is there", *(f"{said} {_NOT_EDITABLE}" for said in reading.editable))),
        tuple(dict.fromkeys(reading.requirements)),
        tuple(dict.fromkeys(reading.constraints)),
        tuple(sorted(set(reading.options))),
        reading.index,
    )


def read_constraints(source: Source, path: str, settings: Settings | None = None) -> Detection:
    """Read a constraints file, as ``-c path`` in a requirements file at the root would."""
    reading = _Reading(source, settings or Settings())
    try:
        reading.include("", path, constraints=True, within=())
    except (ValueError, OSError) as error:
        raise RequirementsInvalid([BadLine("PIP_CONSTRAINT", path, reason_of(error))]) from error
    if reading.bad or reading.unbuilt:
        raise RequirementsInvalid([*reading.bad, *reading.unbuilt])
    return Detection("constraints", tuple(reading.files), "", constraints=tuple(reading.constraints))


def decoded(content: bytes) -> str:
    """Decode a requirements file: by its byte order mark, its coding line, as UTF-8, else as Latin-1."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    for line in content.split(b"\n")[:2]:
        if found := _CODING.match(line):
            try:
                return content.decode(found[1].decode("ascii"))
            except (LookupError, UnicodeDecodeError):
                break
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line with the number it began at: continued lines joined, comments and blanks left out."""
    parts: list[str] = []
    began = 0
    for number, line in enumerate((*text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""), 1):
        comment = _COMMENT_LINE.match(line)
        began = began or number
        if line.endswith("\\") and not comment:
            parts.append(line[:-1])
            continue
        # pip ends a continuation at a comment line, whatever that line ends with.
        joined = "".join((*parts, " " if comment and parts else line if not comment else ""))
        stripped = _COMMENT.sub("", joined).strip()
        if stripped:
            yield began, stripped
        parts, began = [], 0


@dataclass
class _Reading:
    """What has been read so far, over all files."""

    source: Source
    settings: Settings
    files: list[str] = field(default_factory=list)
    requirements: list[Requirement] = field(default_factory=list)
    constraints: list[Requirement] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    index: PackageIndex = field(default_factory=PackageIndex)
    bad: list[BadLine] = field(default_factory=list)
    unbuilt: list[BadLine] = field(default_factory=list)
    editable: list[str] = field(default_factory=list)
    included: set[tuple[str, bool]] = field(default_factory=set)

    def read(
        self,
        path: str,
        *,
        constraints: bool,
        within: tuple[str, ...],
        lines: Iterable[tuple[int, str]] | None = None,
    ) -> None:
        self.files.append(path)
        for number, line in logical_lines(decoded(self.source.read(path))) if lines is None else lines:
            origin = f"{path}:{number}"
            try:
                self._line(path, line, origin, constraints=constraints, within=(*within, path))
            except NeedsBuild as reason:
                self.unbuilt.append(BadLine(origin, shown(line), str(reason)))
            except (ValueError, OSError, RecursionError) as reason:
                text = self._unspoken(reason_of(reason))
                self.bad.append(BadLine(origin, shown(line), masked_line(text)))

    def _line(self, path: str, text: str, origin: str, *, constraints: bool, within: tuple[str, ...]) -> None:
        text = self._without_credentials(self._expanded(text))
        words, options = read_options(text)
        if words:
            self._requirement(path, words, options, origin, constraints=constraints)
        else:
            self._options(path, options, origin, within)

    def _requirement(
        self, path: str, words: str, options: LineOptions, origin: str, *, constraints: bool
    ) -> None:
        if options.global_options:
            raise OptionUnknown("an option for all requirements needs a line of its own")
        if len(words) > LONGEST:
            raise PlaceInvalid(f"a requirement has at most {LONGEST} characters")
        found = Requirement(words, origin)
        if is_place(self.source, words) or not PLAIN_LINE.fullmatch(words):
            found = self._parsed(path, words, origin, constraints=constraints)
        if found.build and (constraints or options.hashes):
            raise PlaceInvalid("what is built is no constraint and has no hash that could be known")
        where = self.constraints if constraints else self.requirements
        where.append(replace(found, hashes=options.hashes))

    def _parsed(self, path: str, words: str, origin: str, *, constraints: bool) -> Requirement:
        from packaging.requirements import Requirement as Pep508

        if is_place(self.source, words) or Pep508(words).url:
            found = placed_requirement(self.source, Path(path), words, origin)
        else:
            found = Requirement(words, origin)
        if not found.build and constraints and Pep508(found.line).extras:
            raise PlaceInvalid("a constraint has no extras")
        return found

    def _options(self, path: str, options: LineOptions, origin: str, within: tuple[str, ...]) -> None:
        if options.editable:
            found = editable_requirement(self.source, Path(path), options.editable, origin)
            self.requirements.append(found)
            self.editable.append(f"-e {options.editable}")
        for included, constraints in options.includes:
            self.include(path, included, constraints=constraints, within=within)
        folders = [folder_or_url(self.source, Path(path), place) for place in options.find_links]
        given = replace(options.index, find_links=tuple(folders))
        # In pip the last --index-url of the files holds.
        self.index = replace(given, credentials=()).merged(self.index)
        self.options.extend(options.resolver_options)
        for option in options.resolver_options:
            if option.startswith("--no-binary=") and option != "--no-binary=:none:":
                raise NeedsBuild("it asks to build from source what may have a wheel")

    def include(self, path: str, included: str, *, constraints: bool, within: tuple[str, ...]) -> None:
        if "://" in included:
            raise PlaceInvalid("files are read from the model folder alone, not from a URL")
        root = self.source.root.resolve()
        found = (self.source.root / Path(path).parent / included).resolve()
        if not found.is_relative_to(root):
            raise PlaceInvalid("it lies outside the model folder")
        name = found.relative_to(root).as_posix()
        if not found.is_file():
            raise PlaceInvalid(f"there is no file {name}")
        if name in within:
            raise PlaceInvalid(f"it includes itself: {' -> '.join((*within[within.index(name) :], name))}")
        if len(within) >= _DEEPEST:
            raise PlaceInvalid(f"files include each other at most {_DEEPEST} deep")
        if (name, constraints) not in self.included:
            self.included.add((name, constraints))
            self.read(name, constraints=constraints, within=within)

    def _expanded(self, text: str) -> str:
        def value(found: re.Match[str]) -> str:
            if self.settings.find(found[1]) is None:
                raise PlaceInvalid(f"{found[0]} has no value: give it with -e {found[1]}=...")
            return self.settings.get(found[1])

        return _VARIABLE.sub(value, text)

    def _without_credentials(self, text: str) -> str:
        """Move users and passwords of URLs into the index; what is secret must not remain in the line."""

        def bare(found: re.Match[str]) -> str:
            url, credential = split_credentials(found[0])
            if credential:
                self.index = replace(self.index, credentials=(*self.index.credentials, credential))
            return url

        # The user of git+ssh://git@host is no secret, and such a line ends in an error that shows it masked.
        text = _URL.sub(bare, text)
        if self._unspoken(text) != text:
            raise PlaceInvalid("a secret stands outside the user and password of a URL")
        return text

    def _unspoken(self, text: str) -> str:
        for item in self.settings.items:
            if isinstance(item.value, Secret) and item.value.reveal():
                text = text.replace(item.value.reveal(), str(item.value))
        return text

    def project_files(self) -> Iterator[str]:
        """Yield the files that say how the folders are built that are asked for."""
        root = self.source.root.resolve()
        for folder in {item.build: Path(item.build) for item in self.requirements if item.build}.values():
            inside = folder.relative_to(root) if folder.is_relative_to(root) else folder
            names = ((inside / name).as_posix() for name in _PROJECT_FILES)
            yield from (name for name in names if self.source.has(name))

    def check_hashes(self) -> None:
        """Hold the files to pip's hash-checking mode where any requirement has a hash."""
        hashed = [requirement for requirement in self.requirements if requirement.hashes]
        if not hashed and "--require-hashes" not in self.options:
            return
        self.options.append("--require-hashes")
        for requirement in self.requirements:
            if not requirement.hashes:
                reason = "other requirements have hashes, so each needs one (--hash=sha256:...)"
                self.bad.append(BadLine(requirement.origin, requirement.line, reason))
            elif not _is_pinned(requirement.line):
                reason = "a requirement with hashes must be pinned with =="
                self.bad.append(BadLine(requirement.origin, requirement.line, reason))


def shown(line: str) -> str:
    """Return a line as an error may show it: without passwords, and not longer than a screen."""
    # Hashes and worse fill screens; masked first, as a password that is cut off looks like none.
    line = masked_line(line[:LONGEST])
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 4]} ..."


def reason_of(error: Exception) -> str:
    """Return what is wrong with a line in one line of text."""
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    text = error.strerror if isinstance(error, OSError) else ""
    return text or next(iter(str(error).splitlines()), "it cannot be read").strip()


def _is_pinned(line: str) -> bool:
    if _PINNED.fullmatch(line):
        return True
    from packaging.requirements import Requirement as Pep508

    parsed = Pep508(line)
    return bool(parsed.url) or any(
        specifier.operator in ("==", "===") and not specifier.version.endswith(".*")
        for specifier in parsed.specifier
    )
