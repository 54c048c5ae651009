"""One repository of a registry, verb by verb of the OCI distribution specification."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import urlencode

from ..connections import Connections
from ..digest import Digest
from ..errors import SeldonError
from ..errors.destination import ImageNotFound, RegistryProtocol, RegistryUnreachable
from ..reference import DEFAULT_REGISTRY, Reference
from .answers import explanation, transient
from .credentials import HUB_KEY, find_login
from .hops import Origin, check_hop, is_this_machine, next_hop
from .retry import Transient, retried
from .token import Authorizer
from .transport import Reply, Request, Stream, Transport

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
# A registry may need its time to put a large blob in its place.
_COMMIT_PATIENCE = 5


@dataclass(frozen=True)
class Document:
    """A manifest or index as a registry served it."""

    body: bytes
    media_type: str

    @property
    def digest(self) -> Digest:
        """The digest of the bytes."""
        return Digest.of(self.body)


class Repository:
    """The repository of ``reference``, read or (``scopes`` permitting) written.

    Every verb authenticates when asked to, follows redirects within the rules of ``hops`` and tries again
    what may go well the next time. Threads may share it.
    """

    def __init__(
        self, reference: Reference, transport: Transport, scopes: tuple[str, ...], *, insecure: bool
    ) -> None:
        self.reference, self._transport, self._insecure = reference, transport, insecure
        self._scopes = scopes

    @cached_property
    def origin(self) -> Origin:
        """Where the registry is; finding out takes a connection where plain http is allowed but not sure."""
        host = self.reference.host
        host = Origin.of(HUB_KEY).host if host == DEFAULT_REGISTRY else host
        return _origin(host, self._transport.connections, insecure=self._insecure)

    @cached_property
    def _authorizer(self) -> Authorizer:
        config, host = self._transport.connections.docker_config, self.reference.host
        return Authorizer(
            self.origin,
            self._scopes,
            lambda: find_login(config, host),
            self._transport,
            insecure=self._insecure,
        )

    def sleep(self, seconds: float) -> None:
        """Wait between two tries."""
        self._transport.sleep(seconds)

    def manifest_digest(self, selector: str, accept: Iterable[str]) -> Digest | None:
        """Ask (HEAD) for the digest of a manifest; None where there is none or the registry does not tell."""
        headers = {"Accept": ", ".join(accept)}
        reply = self._call("HEAD", f"manifests/{selector}", headers, expect=(200, 404), act="read")
        told = reply.headers.get("docker-content-digest", "")
        try:
            return Digest.parse(told) if reply.status == 200 else None
        except ValueError:
            return None

    def has_manifest(self, digest: Digest, media_type: str) -> bool:
        """Tell whether a manifest is there."""
        headers = {"Accept": media_type}
        reply = self._call("HEAD", f"manifests/{digest}", headers, expect=(200, 404), act="read")
        return reply.status == 200

    def manifest(self, selector: str, accept: Iterable[str]) -> Document:
        """Fetch a manifest; ImageNotFound where there is none. The caller checks its digest."""
        headers = {"Accept": ", ".join(accept)}
        reply = self._call("GET", f"manifests/{selector}", headers, expect=(200, 404), act="read")
        if reply.status == 404:
            raise ImageNotFound(
                str(self.reference), f"the registry {self.reference.host}", explanation(reply) or "unknown"
            )
        return Document(reply.body, reply.headers.get("content-type", "").partition(";")[0].strip())

    def held_by(self, tag: str, accept: Iterable[str]) -> frozenset[Digest]:
        """Return the blobs of the image at ``tag``; a registry takes no manifest without its blobs."""
        try:
            manifest = json.loads(self.manifest(tag, accept).body)
            blobs = (manifest["config"], *manifest["layers"])
            return frozenset(Digest.parse(blob["digest"]) for blob in blobs if "urls" not in blob)
        except (ImageNotFound, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return frozenset()

    def put_manifest(self, selector: str, body: bytes, media_type: str) -> bool:
        """Store a manifest under a tag or its digest; tell whether the registry noted its subject."""
        headers = {"Content-Type": media_type}
        reply = self._call("PUT", f"manifests/{selector}", headers, body, expect=(201, 200), act="write")
        self._check_told(reply, Digest.of(body))
        return "oci-subject" in reply.headers

    def has_blob(self, digest: Digest) -> bool:
        """Tell whether a blob is there."""
        return self._call("HEAD", f"blobs/{digest}", {}, expect=(200, 404), act="read").status == 200

    def blob(self, digest: Digest) -> bytes:
        """Fetch a small blob (a config); RegistryProtocol where it is not what its digest says."""
        reply = self._call("GET", f"blobs/{digest}", {}, expect=(200,), act="read")
        if Digest.of(reply.body) != digest:
            raise RegistryProtocol(self.origin.address, f"the bytes of {digest} have another digest")
        return reply.body

    def open_blob(self, digest: Digest, offset: int) -> Stream:
        """Begin to fetch a blob from ``offset``; the answer is 206, or 200 with all of it. One try."""
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        stream = self._open(self._url(f"blobs/{digest}"), headers)
        if stream.response.status not in (200, 206):
            reply = Reply(stream.response.status, {}, stream.response.read(1 << 16))
            stream.close()
            raise self._unexpected(reply, f"blobs/{digest}", "read")
        return stream

    def begin_upload(self, mount: Digest | None = None, source: str = "") -> str | None:
        """Begin an upload and return where to; None where the blob was mounted from ``source`` instead.

        One try.
        """
        query = f"?{urlencode([('mount', str(mount)), ('from', source)])}" if mount else ""
        reply = self._attempt("POST", self._url(f"blobs/uploads/{query}"), {"Content-Length": "0"}, None)
        if mount and reply.status == 201:
            return None
        if reply.status != 202 or "location" not in reply.headers:
            raise self._unexpected(reply, "blobs/uploads/", "write")
        return self._next_hop(self._url("blobs/uploads/"), reply.headers["location"])

    def finish_upload(self, location: str, digest: Digest, body: Iterable[bytes], size: int) -> None:
        """Send a blob to where ``begin_upload`` said, in one request. One try."""
        target = check_hop(self.origin, location, insecure=self._insecure)
        mark = "&" if "?" in location else "?"
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        used = self._authorizer.header
        if target == self.origin and used:
            headers["Authorization"] = used
        request = Request("PUT", f"{location}{mark}{urlencode({'digest': str(digest)})}", headers, body)
        reply = self._transport.exchange(request, self._transport.connections.timeout * _COMMIT_PATIENCE)
        if reply.status == 401 and target == self.origin and self._authorizer.meet(reply, used):
            # A token may run out while a large blob travels; what was sent is lost with it.
            refused = self._authorizer.refused(f"write to {self.reference}")
            raise Transient("the login ran out", refused, wait=0.0, dropped=False)
        if reply.status == 404:
            lost = RegistryProtocol(self.origin.address, "it forgot an upload that it had begun")
            raise Transient("the upload was forgotten", lost, dropped=False)
        if reply.status not in (201, 204):
            raise self._unexpected(reply, f"blobs/uploads/ ({digest})", "write")
        self._check_told(reply, digest)

    def _call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        expect: tuple[int, ...],
        act: str,
    ) -> Reply:
        def attempt() -> Reply:
            reply = self._attempt(method, self._url(path), headers, body)
            if reply.status not in expect:
                raise self._unexpected(reply, path, act)
            return reply

        return retried(attempt, self._transport.sleep, lambda failure: failure.error)

    def _attempt(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        for _ in range(_MOST_REDIRECTS):
            reply = self._authorized(method, url, headers, body)
            if reply.status == 400 and self._is_tls_after_all():
                url = url.replace("http://", "https://", 1)
                continue
            if reply.status not in _REDIRECTS or "location" not in reply.headers:
                return reply
            if method not in ("GET", "HEAD"):
                raise RegistryProtocol(self.origin.address, f"it answered {method} with a redirect")
            url = self._next_hop(url, reply.headers["location"])
        raise RegistryProtocol(self.origin.address, "it redirects in a circle")

    def _is_tls_after_all(self) -> bool:
        """Change to TLS where this machine's registry answers 400 to plain http because it wants that."""
        secure = replace(self.origin, scheme="https")
        if self.origin.scheme == "https" or not _speaks_tls(secure, self._transport.connections):
            return False
        self.__dict__.pop("_authorizer", None)
        self.origin = secure
        return True

    def _authorized(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        """Send with the login, once more after meeting a challenge; other hosts never see the login."""
        if Origin.of(url) != self.origin:
            return self._transport.exchange(Request(method, url, headers, body))
        used = self._authorizer.header
        reply = self._transport.exchange(Request(method, url, _with_login(headers, used), body))
        if reply.status == 401 and self._authorizer.meet(reply, used):
            header = self._authorizer.header
            reply = self._transport.exchange(Request(method, url, _with_login(headers, header), body))
        return reply

    def _open(self, url: str, headers: Mapping[str, str]) -> Stream:
        met = False
        for _ in range(_MOST_REDIRECTS):
            ours = Origin.of(url) == self.origin
            used = self._authorizer.header if ours else ""
            stream = self._transport.open(Request("GET", url, _with_login(headers, used)))
            status = stream.response.status
            found = {name.lower(): value for name, value in stream.response.getheaders()}
            if status in _REDIRECTS and "location" in found:
                stream.close()
                url = self._next_hop(url, found["location"])
            elif status == 401 and ours and not met:
                stream.close()
                met = True
                if not self._authorizer.meet(Reply(status, found, b""), used):
                    raise self._authorizer.refused(f"read {self.reference}")
            else:
                return stream
        raise RegistryProtocol(self.origin.address, "it redirects in a circle")

    def _next_hop(self, url: str, location: str) -> str:
        return next_hop(self.origin, url, location, insecure=self._insecure)

    def _url(self, path: str) -> str:
        return f"{self.origin.scheme}://{self.origin.address}/v2/{self.reference.remote_repository}/{path}"

    def _unexpected(self, reply: Reply, path: str, act: str) -> SeldonError | Transient:
        # To some registries, a repository that nobody made is one that we may not write to.
        unknown = reply.status == 404 and act == "write"
        if reply.status in (401, 403) or unknown:
            return self._authorizer.refused(f"{act} {self.reference}", explanation(reply))
        return transient(self.origin.address, path, reply)

    def _check_told(self, reply: Reply, digest: Digest) -> None:
        told = reply.headers.get("docker-content-digest", str(digest))
        if told != str(digest):
            raise RegistryProtocol(self.origin.address, f"it stored {told} where we sent {digest}")


def _with_login(headers: Mapping[str, str], login: str) -> dict[str, str]:
    return {**headers, "Authorization": login} if login else dict(headers)


def _origin(host: str, connections: Connections, *, insecure: bool) -> Origin:
    try:
        plain = Origin.of(f"http://{host}")
    except ValueError as error:
        raise RegistryUnreachable(host, f"{host} is no address") from error
    if is_this_machine(plain.host):
        return plain
    secure = Origin.of(f"https://{host}")
    if insecure and not _speaks_tls(secure, connections):
        return plain
    return secure


def _speaks_tls(origin: Origin, connections: Connections) -> bool:
    from ssl import SSLCertVerificationError

    from .dialing import dial

    try:
        dial(origin, connections).close()
    except RegistryUnreachable as error:
        # A certificate that we do not trust is no reason to do without any.
        return isinstance(error.__cause__, SSLCertVerificationError)
    return True
