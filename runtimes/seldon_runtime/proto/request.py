"""A request that came as protobuf."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.message import Message as Proto

from ..message import Feedback, Message
from ..request_errors import PayloadInvalid
from .decode import decode, decode_feedback, decode_list
from .messages import known_class, parsed


class ProtoRequest:
    """The bytes of a message, decoded as far as the component asks for (message.Request).

    ``name`` is the message's: SeldonMessage, SeldonMessageList or Feedback.
    """

    is_protobuf = True
    __slots__ = ("_body", "_name")

    def __init__(self, body: bytes, name: str = "SeldonMessage") -> None:
        self._body, self._name = body, name

    def message(self) -> Message:
        """Decode a SeldonMessage."""
        return decode(self._body)

    def messages(self) -> Sequence[Message]:
        """Decode a SeldonMessageList."""
        return decode_list(self._body)

    def feedback(self) -> Feedback:
        """Decode a Feedback."""
        return decode_feedback(self._body)

    def raw(self, wanted: type | None = None) -> object:
        """Return the message, as the class ``wanted``, else as the one that the model's code imported."""
        kind = wanted or known_class(self._name)
        if not (isinstance(kind, type) and issubclass(kind, Proto)) or kind.DESCRIPTOR.name != self._name:
            raise PayloadInvalid(
                f"the model's method asks for {kind.__name__}; the request is a {self._name}"
            )
        return parsed(kind, self._body)
