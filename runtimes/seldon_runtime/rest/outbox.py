"""The small answers of one turn of the event loop, written together at its end."""

from __future__ import annotations

import asyncio
from time import perf_counter

# Seconds that an answer may wait for its neighbours: as long as a quick prediction takes.
LONGEST_WAIT = 0.0002
# How many answers are written at once after one had to wait for longer.
UNHELD = 64


class Outbox:
    """Holds what is written to the connections of a server until the loop has nothing else to do.

    Each write on its own wakes its client, who then takes the processor from whoever is answered next. Where
    predictions run on the loop and are slow, nobody waits for the neighbours'.
    """

    def __init__(self) -> None:
        self._held: list[tuple[asyncio.Transport, bytes]] = []
        self._since = 0.0
        self._unheld = 0

    def put(self, transport: asyncio.Transport, answer: bytes) -> None:
        """Write ``answer`` at the end of this turn."""
        if self._unheld:
            self._unheld -= 1
            transport.write(answer)
            return
        if not self._held:
            self._since = perf_counter()
            asyncio.get_running_loop().call_soon(self.flush)
        elif perf_counter() - self._since > LONGEST_WAIT:
            self._unheld = UNHELD
            self.flush()
            transport.write(answer)
            return
        self._held.append((transport, answer))

    def flush(self) -> None:
        """Write now what is held: before anything else is written, or a connection closed."""
        held, self._held = self._held, []
        for transport, answer in held:
            transport.write(answer)
