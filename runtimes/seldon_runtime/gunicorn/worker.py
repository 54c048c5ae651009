"""A worker: one serving process under the master."""

from __future__ import annotations

import asyncio
import faulthandler
import itertools
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from gunicorn.workers.base import Worker

from ..component.loading import Factory
from ..component.unit import Unit
from ..errors import SeldonError
from ..life import Surroundings, exit_within, live
from ..metrics.cells import SharedSlots
from ..metrics.recorder import Recorder
from .accepting import Share, WorkerLoop
from .board import State

# Seconds that a replacement may load before it answers "not ready", where nobody else serves.
PATIENCE = 10.0
GLANCE = 0.02
IGNORED = (signal.SIGINT, signal.SIGHUP, signal.SIGUSR2)


class SeldonWorker(Worker):  # type: ignore[misc]  # gunicorn has no types
    """Constructs and loads the model after the fork, and serves it."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.place = self.app.place

    def init_process(self) -> NoReturn:
        """Serve until the master says stop, and leave."""
        # Nothing that happens from here on makes gunicorn end with codes of its own.
        self.booted = True
        self._take_signals()
        _be_another_process()
        try:
            exit_within(self._serve())
        except SeldonError as error:
            self._leave_for(error)
        except Exception:
            if self._board.state(self.place.number) is not State.SERVING:
                self._board.fail(1)
            raise
        raise SystemExit(0)

    @property
    def _board(self) -> Any:
        return self.app.board

    def _leave_for(self, error: SeldonError) -> NoReturn:
        """Pass ``error`` up to where this process began, unless another worker did before."""
        if self._board.fail(error.exit_code):
            raise SystemExit(error.exit_code) from error
        raise SystemExit(error.exit_code) from None

    def _take_signals(self) -> None:
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        for number in (signal.SIGTERM, signal.SIGQUIT):
            signal.signal(number, _leave)
        # They go to the whole group of a terminal; the master's word counts. Were they ignored, programs
        # that the model starts would ignore them too.
        for number in IGNORED:
            signal.signal(number, lambda *_: None)
        signal.signal(signal.SIGUSR1, self.handle_usr1)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def _serve(self) -> float:
        service = self.app.service
        service.import_servers()
        factory = service.factory()
        loop = WorkerLoop()
        loop.share = Share(self._board, self.place.number)
        loop.shared = tuple(self.app.listeners.values())
        return loop.run_until_complete(self._live(factory))

    async def _live(self, factory: Factory) -> float:
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, _leave)
        loop.add_signal_handler(signal.SIGQUIT, _leave)

        def stop() -> None:
            self._board.tell(self.place.number, State.LEAVING)
            stopping.set()

        def loaded() -> None:
            self._board.tell(self.place.number, State.SERVING)
            loop.add_signal_handler(signal.SIGTERM, stop)

        beat = asyncio.ensure_future(self._beat(stop))

        def leave_soon() -> None:
            if self._board.can_spare(self.place.number):
                stop()
            else:
                loop.call_later(GLANCE, leave_soon)

        recorder = self._recorder(lambda: loop.call_soon_threadsafe(leave_soon))
        around = Surroundings(
            recorder,
            stopping,
            self.app.listeners,
            loaded,
            self.place.is_first,
            turn=self._turn,
            give_up=self._give_up,
        )
        try:
            return await live(self.app.service, factory, around)
        finally:
            beat.cancel()

    def _recorder(self, reached: Callable[[], object]) -> Recorder:
        unit, slots = self.app.service.settings.unit, self.app.slots
        if self.max_requests == sys.maxsize:
            return Recorder(unit, slots.cells(self.place.slot), slots)
        return _LimitedRecorder(unit, slots, self.place.slot, self.max_requests, reached)

    async def _beat(self, stop: Callable[[], None]) -> None:
        """Give signs of life, and stop where the master is gone."""
        pause = min(1.0, self.timeout / 4) or 1.0
        while True:
            self.notify()
            if os.getppid() != self.ppid:
                stop()
            await asyncio.sleep(pause)

    async def _turn(self, loading: asyncio.Future[None]) -> None:
        """Wait until the ports may be opened: nobody hears "not ready" while another worker would answer."""
        loop = asyncio.get_running_loop()
        impatient = loop.time() + PATIENCE
        while not loading.done():
            if self._may_wait_in_public(loop.time() > impatient):
                self._board.tell(self.place.number, State.WAITING)
                return
            await asyncio.wait({loading}, timeout=GLANCE)
        # Who answers "not ready" would go on to do so beside us.
        while not loading.exception() and self._board.anybody(State.WAITING, besides=self.place.number):
            await asyncio.sleep(GLANCE)

    def _may_wait_in_public(self, is_impatient: bool) -> bool:
        if self._board.state(self.place.number) is State.WAITING:
            return True
        alone = not (self._board.anybody(State.SERVING) or self._board.anybody(State.WAITING))
        return self.place.is_first and is_impatient and alone

    def _give_up(self, error: SeldonError) -> NoReturn:
        if not self._board.is_ending or self._board.fail(error.exit_code):
            sys.stderr.write(f"{error}\n")
            sys.stderr.flush()
        os._exit(error.exit_code)


def _leave(*_: object) -> None:
    # Nothing is served yet, or all is to end at once.
    os._exit(0)


def _be_another_process() -> None:
    """Undo what a fork shares, and say where the process stood if it dies of a signal."""
    faulthandler.enable()
    # Python reseeds its own generator after a fork; numpy's would be the same in every worker.
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


class _LimitedRecorder(Recorder):
    """Calls ``reached`` once ``most`` requests are answered."""

    def __init__(
        self, unit: Unit, slots: SharedSlots, slot: int, most: int, reached: Callable[[], object]
    ) -> None:
        super().__init__(unit, slots.cells(slot), slots)
        self._left, self._reached = itertools.count(most - 1, -1), reached

    def ended(self, method: str, protocol: str, code: str, seconds: float) -> None:
        """Count a request."""
        super().ended(method, protocol, code, seconds)
        if next(self._left) == 0:
            self._reached()
