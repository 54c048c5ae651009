"""A component and the threads that it lives on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from .component import loading
from .component.component import Component
from .metrics.recorder import Recorder
from .request_errors import DeadlineExceeded, NotReady, Overloaded
from .runtime import Keeper
from .settings import ServerSettings
from .threads import ModelThreads

Result = TypeVar("Result")


class Model:
    """One component, constructed, loaded and called on the same few threads, by REST and gRPC alike.

    With one thread, the default, a model that is bound to its thread is safe and never called twice at once.
    Health has a thread of its own, so that it never waits behind a slow prediction. ``component`` is there
    once the model is loaded; NotReady before.
    """

    def __init__(self, settings: ServerSettings, recorder: Recorder) -> None:
        self.settings = settings
        self.threads = ModelThreads(settings.threads)
        self.loop = asyncio.get_running_loop()
        self._recorder = recorder
        self._component: Component | None = None
        self._health = ThreadPoolExecutor(1, "health")
        self._inline = settings.inline
        self._awaited = 0
        self._most_waiting = settings.most_waiting
        self._timeout = settings.timeout
        self._plain = not (settings.inline or settings.timeout)

    @property
    def component(self) -> Component:
        """The loaded component."""
        if self._component is None:
            raise NotReady
        return self._component

    async def load(self, factory: loading.Factory, keeper: Keeper | None = None) -> None:
        """Construct what ``factory`` makes, or take what ``keeper`` saved, and load it."""
        settings = self.settings
        user = await self.work(keeper.restore) if keeper else None
        if user is None:
            user = await self.work(loading.construct, factory, settings)
        if loading.wants_loop(user):
            await loading.load_later(user, settings.model_name)
        else:
            await self.work(loading.load, user, settings.model_name)
        transformer = await self.work(loading.construct_transformer, user, settings)
        self._component = await self.work(Component, user, settings.unit, self._recorder, transformer)

    async def work(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Do ``work`` on a thread of the model, however many wait and however long it takes."""
        if self._inline:
            return work(*arguments)
        return await self.threads.run(work, *arguments)

    async def run(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Do ``work`` on a thread of the model; Overloaded, DeadlineExceeded."""
        if self.threads.waiting >= self._most_waiting:
            raise Overloaded(self._most_waiting)
        if self._plain:
            return await self.threads.run(work, *arguments)
        if self._inline:
            return work(*arguments)
        return await self.within(self.threads.run(work, *arguments))

    async def within(self, answer: asyncio.Future[Result] | Coroutine[Any, Any, Result]) -> Result:
        """Await ``answer`` for as long as a request may take; Overloaded, DeadlineExceeded."""
        if self._awaited >= self._most_waiting:
            answer.close() if isinstance(answer, Coroutine) else answer.cancel()
            raise Overloaded(self._most_waiting)
        self._awaited += 1
        try:
            return await (asyncio.wait_for(answer, self._timeout) if self._timeout else answer)
        except asyncio.TimeoutError as error:
            if not self._timeout:
                raise
            raise DeadlineExceeded(self._timeout) from error
        finally:
            self._awaited -= 1

    async def run_health(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Do ``work`` beside the model's threads."""
        return await asyncio.get_running_loop().run_in_executor(self._health, work, *arguments)
