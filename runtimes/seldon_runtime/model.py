"""A loaded component and the threads that it lives on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from . import loading
from .component import Component
from .server_settings import ServerSettings

Result = TypeVar("Result")


class Model:
    """One component, constructed, loaded and called on the same few threads.

    With one thread, the default, a model that is bound to its thread is safe and never called twice at once.
    Health has a thread of its own, so that it never waits behind a slow prediction.
    """

    def __init__(self, component: Component, threads: ThreadPoolExecutor) -> None:
        self.component = component
        self._threads = threads
        self._health = ThreadPoolExecutor(1, "health")

    @classmethod
    async def load(cls, factory: loading.Factory, settings: ServerSettings) -> Model:
        """Construct and load what ``factory`` makes."""
        threads = ThreadPoolExecutor(settings.threads, "model")
        loop, name = asyncio.get_running_loop(), settings.model_name
        user = await loop.run_in_executor(threads, loading.construct, factory, name, settings.parameters)
        if loading.wants_loop(user):
            await loading.load_later(user, name)
        else:
            await loop.run_in_executor(threads, loading.load, user, name)
        return cls(Component(user), threads)

    async def run(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Do ``work`` on a thread of the model."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    async def run_health(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Do ``work`` beside the model's threads."""
        return await asyncio.get_running_loop().run_in_executor(self._health, work, *arguments)
