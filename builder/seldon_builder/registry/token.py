"""Authorization: what a registry's 401 asks for, and the tokens that answer it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from urllib.parse import urlencode

from ..errors.destination import RegistryProtocol, RegistryRefused
from ..secret import Secret
from .credentials import Login
from .hops import Origin, check_hop
from .retry import Transient, retried
from .transport import Reply, Request, Transport

_CHALLENGE = re.compile(r"\s*([A-Za-z]+)\s+(.*)", re.DOTALL)
_PARAMETER = re.compile(r'([A-Za-z_]+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')
_TOKEN = re.compile(r"[!-~]+")
_CLIENT = "seldon-python"


@dataclass(frozen=True)
class Challenge:
    """What a WWW-Authenticate header asks for: ``basic``, or ``bearer`` with where to get the token."""

    scheme: str
    realm: str = ""
    service: str = ""

    @classmethod
    def parse(cls, header: str) -> Challenge | None:
        """Read the header; None where it asks for something that we do not know."""
        found = _CHALLENGE.fullmatch(header)
        if not found or found[1].lower() not in ("basic", "bearer"):
            return None
        values = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(found[2])}
        return cls(found[1].lower(), values.get("realm", ""), values.get("service", ""))


class Authorizer:
    """The Authorization header of one registry, made when a 401 first asks for it and kept.

    ``scopes`` are what tokens are asked for, what matters most first; ``login`` finds the credentials.
    """

    def __init__(
        self,
        registry: Origin,
        scopes: tuple[str, ...],
        login: Callable[[], Login],
        transport: Transport,
        *,
        insecure: bool,
    ) -> None:
        self._registry, self._scopes, self._find_login = registry, scopes, login
        self._transport, self._insecure = transport, insecure
        self._lock, self._header, self._login = Lock(), "", Login("none were asked for")

    @property
    def header(self) -> str:
        """The header's value, empty until a challenge was met."""
        return self._header

    def meet(self, reply: Reply, used: str) -> bool:
        """Answer the challenge in ``reply``, which came to a request sent with the header ``used``.

        False where nothing better than ``used`` is to be had.
        """
        with self._lock:
            if self._header != used:
                return True  # Another thread has just met the same challenge.
            challenge = Challenge.parse(reply.headers.get("www-authenticate", ""))
            if challenge is None:
                return False
            self._login = self._find_login()
            if challenge.scheme == "basic":
                self._header = self._login.basic if self._login.username else ""
            else:
                self._header = f"Bearer {self._token(challenge).reveal()}"
            return self._header != used

    def refused(self, act: str, answer: str = "") -> RegistryRefused:
        """Make the error of a registry that still says no, telling which credentials were looked for."""
        return RegistryRefused(self._registry.address, act, self._login.origin, answer)

    def _token(self, challenge: Challenge) -> Secret:
        reply = self._ask(challenge, self._scopes)
        if reply.status in (401, 403) and len(self._scopes) > 1:
            # Some token servers refuse the whole list when one repository of it is not ours to read.
            reply = self._ask(challenge, self._scopes[:1])
        if reply.status in (401, 403):
            raise self.refused("log in")
        if reply.status != 200:
            raise RegistryProtocol(
                self._registry.address, f"its token server {challenge.realm} answered {reply.status}"
            )
        return _token_of(reply, self._registry)

    def _ask(self, challenge: Challenge, scopes: tuple[str, ...]) -> Reply:
        # Credentials go to the realm, so it must pass the same rules as any place we are sent to.
        check_hop(self._registry, challenge.realm, insecure=self._insecure)
        request = self._request(challenge, scopes)

        def attempt() -> Reply:
            reply = self._transport.exchange(request)
            if reply.status >= 500 or reply.status == 429:
                what = f"its token server answered {reply.status}"
                raise Transient(what, RegistryProtocol(self._registry.address, what), dropped=False)
            return reply

        return retried(attempt, self._transport.sleep, lambda failure: failure.error)

    def _request(self, challenge: Challenge, scopes: tuple[str, ...]) -> Request:
        service = [("service", challenge.service)] if challenge.service else []
        if self._login.identity_token:
            fields = [
                ("grant_type", "refresh_token"),
                *service,
                ("scope", " ".join(scopes)),
                ("client_id", _CLIENT),
                ("refresh_token", self._login.identity_token.reveal()),
            ]
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            return Request("POST", challenge.realm, headers, urlencode(fields).encode())
        query = urlencode([*service, *(("scope", scope) for scope in scopes)])
        mark = "&" if "?" in challenge.realm else "?"
        headers = {"Authorization": self._login.basic} if self._login.username else {}
        return Request("GET", f"{challenge.realm}{mark}{query}", headers)


def _token_of(reply: Reply, registry: Origin) -> Secret:
    try:
        answer = json.loads(reply.body)
    except (ValueError, RecursionError):
        answer = {}
    token = (answer.get("token") or answer.get("access_token")) if isinstance(answer, Mapping) else None
    if not isinstance(token, str):
        raise RegistryProtocol(registry.address, "its token server gave no token")
    # Whatever refused it later, as a header's value, would show it.
    if not _TOKEN.fullmatch(token):
        raise RegistryProtocol(registry.address, "its token server gave a token that no header can hold")
    return Secret(token)
