"""The HTTP protocol of uvicorn with an end to what a request's head may be: httptools knows none."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# A message may come as a query argument, so this is far above what proxies let through.
LARGEST_HEAD = 1 << 20
_BODY = (
    b'{"status":{"code":-1,"info":"the request line and headers are larger than %d bytes",'
    b'"reason":"HEADERS_TOO_LARGE","status":1}}\n' % LARGEST_HEAD
)
_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(_BODY), _BODY)
)


class HttpProtocol(HttpToolsProtocol):
    """Answers 431 and closes where a head goes on for more than LARGEST_HEAD bytes."""

    _head_ended = False
    _head_size = 0

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        super().data_received(data)
        if self._head_ended:
            return
        self._head_size += len(data)
        if self._head_size > LARGEST_HEAD and not self.transport.is_closing():
            self.transport.write(_REFUSAL)
            self.transport.close()

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._head_ended, self._head_size = False, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting: what follows is the body."""
        self._head_ended = True
        super().on_headers_complete()
