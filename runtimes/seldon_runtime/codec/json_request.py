"""A request that came as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from ..message import Feedback, Message
from ..request_errors import PayloadInvalid
from .json_codec import decode


class JsonRequest:
    """A parsed JSON document, decoded as far as the component asks for (message.Request)."""

    is_protobuf = False

    def __init__(self, document: object) -> None:
        self._document = document

    def message(self) -> Message:
        """Decode a SeldonMessage, or a body with inputs or instances."""
        return decode(self._document)

    def messages(self) -> Sequence[Message]:
        """Decode a SeldonMessageList, or a bare list of messages."""
        raise PayloadInvalid("not yet")

    def feedback(self) -> Feedback:
        """Decode a Feedback."""
        raise PayloadInvalid("not yet")

    def raw(self, wanted: type | None = None) -> object:
        """Return the document, as protobuf where ``wanted`` is a class of protobuf messages."""
        return self._document if wanted is None else None
