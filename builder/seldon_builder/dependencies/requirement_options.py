"""The options that may stand in a requirements file."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ..digest import SHA256_HEX
from ..package_index import PackageIndex
from .url_credentials import UrlInvalid, checked_index

_FLAGS = ("--no-index", "--pre", "--prefer-binary", "--require-hashes")
_VALUED = {
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-i": "--index-url",
    "-f": "--find-links",
}
_LONG = (
    "--requirement",
    "--constraint",
    "--editable",
    "--index-url",
    "--extra-index-url",
    "--find-links",
    "--trusted-host",
    "--no-binary",
    "--only-binary",
    "--hash",
)
_WITHOUT_EFFECT = ("--use-feature", "--config-settings", "--config-setting", "--global-option")
_FIRST_OPTION = re.compile(r"(?:^|\s)(-{1,2}[A-Za-z])")


class OptionUnknown(ValueError):
    """An option that pip does not allow here, or one without the value it needs."""


@dataclass
class LineOptions:
    """The options of one line; ``includes`` are files, each with whether it holds constraints."""

    hashes: tuple[str, ...] = ()
    includes: list[tuple[str, bool]] = field(default_factory=list)
    find_links: list[str] = field(default_factory=list)
    resolver_options: list[str] = field(default_factory=list)
    index: PackageIndex = field(default_factory=PackageIndex)
    editable: str = ""

    @property
    def global_options(self) -> bool:
        """Whether anything but hashes was said."""
        return bool(
            self.includes
            or self.find_links
            or self.resolver_options
            or self.editable
            or self.index != PackageIndex()
        )


def read_options(text: str) -> tuple[str, LineOptions]:
    """Split a line into its requirement ("" where it has none) and its options."""
    first = _FIRST_OPTION.search(text)
    if first is None:
        return text, LineOptions()
    requirement, words = text[: first.start(1)].strip(), shlex.split(text[first.start(1) :])
    options = LineOptions()
    while words:
        name, value = _taken(words)
        _apply(options, name, value)
    return requirement, options


def _taken(words: list[str]) -> tuple[str, str]:
    word = words.pop(0)
    name, equals, value = word.partition("=")
    if not word.startswith("--") and word[:2] in _VALUED:
        name, value = word[:2], word[2:].removeprefix("=")
        equals = value
    name = _VALUED.get(name, name)
    if name in _FLAGS:
        return name, ""
    if name not in _LONG and name not in _WITHOUT_EFFECT:
        raise OptionUnknown(f"{name} is no option of a requirements file")
    if not equals:
        if not words:
            raise OptionUnknown(f"{name} needs a value")
        value = words.pop(0)
    return name, value


def _apply(options: LineOptions, name: str, value: str) -> None:
    match name:
        case "--requirement" | "--constraint":
            options.includes.append((value, name == "--constraint"))
        case "--editable":
            options.editable = value
        case "--hash":
            options.hashes = (*options.hashes, *_sha256(value))
        case "--find-links":
            options.find_links.append(value)
        case "--pre" | "--prefer-binary" | "--require-hashes":
            options.resolver_options.append(name)
        case "--no-binary" | "--only-binary":
            options.resolver_options.append(f"{name}={value}")
        case _ if name in _WITHOUT_EFFECT:
            # They steer builds from source, which never happen here.
            pass
        case _:
            options.index = _index_option(name, value).merged(options.index)


def _index_option(name: str, value: str) -> PackageIndex:
    if name == "--no-index":
        return PackageIndex(no_index=True)
    if name == "--trusted-host":
        return PackageIndex(trusted_hosts=(value,))
    if "://" not in value:
        raise OptionUnknown(f"{name} needs a URL, {value!r} is none")
    # Users and passwords that could be told from the rest are gone by now.
    if "@" in urlsplit(checked_index(value)).netloc:
        raise UrlInvalid(f"the user and password of {name} cannot be told from its host: percent-encode them")
    return PackageIndex(index_url=value) if name == "--index-url" else PackageIndex(extra_index_urls=(value,))


def _sha256(value: str) -> tuple[str, ...]:
    algorithm, _, digits = value.partition(":")
    if algorithm in ("sha384", "sha512"):
        raise OptionUnknown("hashes are checked as sha256 alone: add --hash=sha256:...")
    if algorithm != "sha256" or not SHA256_HEX.fullmatch(digits.lower()):
        raise OptionUnknown(f"{value!r} is not sha256:<64 hex digits>")
    return (f"sha256:{digits.lower()}",)
