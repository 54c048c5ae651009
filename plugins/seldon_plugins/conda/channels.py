"""Where channels are: names, aliases, URLs and folders; what is secret in them goes its own way."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from seldon_builder.dependencies.url_credentials import UrlInvalid, checked_index, masked, split_credentials
from seldon_builder.errors.source import SettingInvalid
from seldon_builder.package_index import IndexCredential
from seldon_builder.settings import Settings
from seldon_builder.source import Source

from .environment import Channel

ALIASES, ALIAS_OF_ALL, DEFAULTS = "SELDON_CHANNEL_ALIASES", "CONDA_CHANNEL_ALIAS", "CONDA_CHANNELS"
_NAME = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")


class ChannelInvalid(ValueError):
    """A channel is spelled in a way that names nothing."""


@dataclass
class Channels:
    """Finds channels of a source by what its user set, and gathers the credentials of their URLs."""

    source: Source
    settings: Settings
    credentials: list[IndexCredential] = field(default_factory=list)

    def named(self, text: str) -> tuple[Channel, ...]:
        """Return the channels that ``text`` stands for: one, or as many as have it as their alias."""
        text = text.strip().rstrip("/")
        if not text or re.search(r"\s", text):
            raise ChannelInvalid("a channel is a name, a URL or a folder")
        if "://" in text:
            return (self._at(text),)
        if text.startswith((".", "/", "~")):
            return (replace(self._folder(text), name=text),)
        if not _NAME.fullmatch(text):
            raise ChannelInvalid("a channel's name has letters, digits, . _ and - alone")
        return self._aliased(text)

    def unnamed(self) -> tuple[Channel, ...]:
        """Return the channels of an environment that names none."""
        names = self.settings.get(DEFAULTS).replace(",", " ").split() or ["defaults"]
        return tuple(channel for name in names for channel in self.named(name))

    def _aliased(self, name: str) -> tuple[Channel, ...]:
        first, slash, rest = name.partition("/")
        for known, below in ((name, ""), (first, slash + rest)):
            places = [place for alias, place in self._aliases() if alias == known]
            if places:
                return tuple(self._place(place + below, name) for place in places)
        if everywhere := self.settings.get(ALIAS_OF_ALL).strip().rstrip("/"):
            return (self._place(f"{everywhere}/{name}", name),)
        return (Channel(name),)

    def _aliases(self) -> Iterable[tuple[str, str]]:
        wrong = []
        for word in self.settings.get(ALIASES).split():
            name, equals, place = word.partition("=")
            if equals and name and place:
                yield name, place.rstrip("/")
            else:
                wrong.append(f"{ALIASES}: {masked(word)!r} is not NAME=URL")
        if wrong:
            raise SettingInvalid(wrong)

    def _place(self, place: str, name: str) -> Channel:
        try:
            return replace(self._at(place) if "://" in place else self._folder(place), name=name)
        except ChannelInvalid as error:
            raise SettingInvalid([f"the place of a conda channel: {error}"]) from error

    def _at(self, url: str) -> Channel:
        try:
            bare, credential = split_credentials(checked_index(url))
        except UrlInvalid as error:
            raise ChannelInvalid(str(error)) from error
        if bare.partition("://")[0] not in ("http", "https", "file"):
            raise ChannelInvalid("channels are reached by http:, https: and file: alone")
        if credential:
            self.credentials.append(replace(credential, url=bare))
        return Channel(bare, bare)

    def _folder(self, text: str) -> Channel:
        root = self.source.root.resolve()
        path = (Path(text).expanduser() if text.startswith("~") else root / text).resolve()
        inside = f"./{path.relative_to(root)}" if path.is_relative_to(root) else ""
        return Channel(text, path.as_uri(), inside)
