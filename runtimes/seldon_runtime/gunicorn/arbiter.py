"""gunicorn's arbiter, which reloads without a gap and ends with our exit codes."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Mapping
from typing import Any

from gunicorn.arbiter import Arbiter

from ..errors import GraceExceeded, WorkersLost
from ..listener import emptied, listens
from .board import Place, State

# Seconds for the workers to accept who is at the door when the signal to stop comes.
DOOR = 0.25
# How many workers in a row may die before one has loaded the model.
MOST_LOST = 3
UNLOADED = (State.LOADING, State.WAITING)
logger = logging.getLogger("seldon_runtime")


class SeldonArbiter(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """Keeps as many workers as are asked for, exactly one of them the first."""

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self.LISTENERS = list(app.listeners.values())
        self._board, self._generation, self._lost = app.board, 0, 0

    def spawn_worker(self) -> Any:
        """Fork a worker."""
        is_first = not any(worker.place.is_first for worker in self.WORKERS.values())
        # One worker answers "not ready" while none is: the others would answer so when it is.
        opens = is_first and not self._board.has_served and not self._board.anybody(State.WAITING)
        number = self._board.take(State.WAITING if opens else State.LOADING)
        self.app.place = Place(number, is_first, self._generation, self.app.slots.take())
        # A signal between the fork and the worker's own handlers would be lost in ours.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def manage_workers(self) -> None:
        """Fork the workers that are missing, stop those that are too many or of before a reload."""
        self._end_if_failed()
        workers = sorted(self.WORKERS.values(), key=lambda worker: worker.age)
        old = [worker for worker in workers if worker.place.generation != self._generation]
        new = [worker for worker in workers if worker not in old]
        # The first is replaced last: after it saved the state and its custom_service() freed its port.
        wanted = self.num_workers - any(worker.place.is_first for worker in old)
        for _ in range(wanted - len(new)):
            self.spawn_worker()
        surplus = [worker for worker in new if not worker.place.is_first][: max(len(new) - wanted, 0)]
        surplus += [worker for worker in old if self._is_overtaken(worker)]
        if len(new) >= wanted and not any(self._state(worker) in UNLOADED for worker in new):
            surplus += old
        for worker in surplus:
            if self._state(worker) is not State.LEAVING:
                self._dismiss(worker)

    def _is_overtaken(self, worker: Any) -> bool:
        """Tell whether a reload came before the worker, of an earlier one, had loaded its model."""
        return self._state(worker) is State.LOADING and not worker.place.is_first

    def _dismiss(self, worker: Any) -> None:
        if self._state(worker) is State.LOADING:
            # Its end is our wish, not a failure to load.
            self._board.tell(worker.place.number, State.LEAVING)
        self.kill_worker(worker.pid, signal.SIGTERM)

    def _end_if_failed(self) -> None:
        if self._lost >= MOST_LOST:
            self.app.error = WorkersLost(self._lost)
            self._board.fail(self.app.error.exit_code)
        if self._board.failure:
            # gunicorn's word for SIGTERM; whoever runs it knows the exit code.
            raise StopIteration

    def _state(self, worker: Any) -> State:
        state: State = self._board.state(worker.place.number)
        return state

    def murder_workers(self) -> None:
        """Kill workers that give no sign of life; while it loads, a model may hold Python's lock for long."""
        for worker in list(self.WORKERS.values()):
            if self._state(worker) in UNLOADED:
                worker.tmp.notify()
        super().murder_workers()

    def reap_workers(self) -> None:
        """Take leave of the workers that ended, whatever their exit code: it may be the model's own."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            # As the first process of a container, this one is handed the orphans of others too.
            worker = self.WORKERS.pop(pid, None)
            if worker:
                worker.tmp.close()
                self._ended(worker, os.waitstatus_to_exitcode(status))

    def _ended(self, worker: Any, code: int) -> None:
        state = self._state(worker)
        self._board.tell(worker.place.number, State.GONE)
        self.app.slots.free(worker.place.slot)
        if self._board.is_ending or self._board.failure:
            return
        self._lost = self._lost + 1 if state in UNLOADED else 0
        if state is State.LEAVING and not code:
            logger.info("Worker %d has stopped", worker.pid)
        else:
            logger.error("Worker %d ended, %s: %s", worker.pid, state.name.lower(), _cause(code))

    def reload(self) -> None:
        """Replace every worker; those that serve go on until the new ones do."""
        logger.info("Reloading: new workers import the model anew")
        self._generation += 1

    def handle_usr2(self) -> None:
        """Refuse to start a second master: containers are replaced as a whole."""
        logger.warning("SIGUSR2 is ignored; SIGHUP reloads the model")

    def stop(self, graceful: bool = True) -> None:
        """Stop the workers; where ``graceful``, once they accepted everybody who reached a port."""
        self._board.end()
        if graceful and self._board.anybody(State.SERVING):
            asyncio.run(_emptied(self.app.listeners))
        super().stop(graceful)

    def kill_workers(self, sig: int) -> None:
        """Signal all workers; those that must be killed had more than the grace."""
        if sig == signal.SIGKILL and self.WORKERS and self._board.fail(GraceExceeded.exit_code):
            self.app.error = GraceExceeded(self.app.options.grace)
        super().kill_workers(sig)


def _cause(code: int) -> str:
    if code == -signal.SIGKILL:
        return "killed (signal 9), perhaps for too little memory"
    return f"signal {-code}, {signal.strsignal(-code)}" if code < 0 else f"exit code {code}"


async def _emptied(listeners: Mapping[str, socket.socket]) -> None:
    open_ones = [asyncio.ensure_future(emptied(one)) for one in listeners.values() if listens(one)]
    if open_ones:
        await asyncio.wait(open_ones, timeout=DOOR)
