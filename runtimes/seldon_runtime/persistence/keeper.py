"""Saves a component's state to Redis while it serves, and restores it."""

from __future__ import annotations

import asyncio
import logging
import pickle
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from ..errors import StateBroken, described
from ..model import Model
from ..runtime import Context
from ..variables import seconds
from .place import secret_from, state_key
from .seal import Seal
from .store import Store, client_from

EVERY = 60.0
logger = logging.getLogger("seldon_runtime")


class RedisKeeper:
    """Keeps one component's state in ``store``, saving it ``every`` so many seconds, 0 at the end only."""

    def __init__(self, store: Store, seal: Seal, every: float = EVERY) -> None:
        self._store, self._seal, self._every = store, seal, every
        # One thread: what was pickled first is written first.
        self._network = ThreadPoolExecutor(1, "persistence")
        self._fails = False

    def restore(self) -> object | None:
        """Return the saved object; StateUnreachable, StateRefused, StateBroken."""
        value = self._store.read()
        if value is None:
            logger.info("Redis holds no state %s: the model begins anew", self._store.key)
            return None
        state = self._seal.opened(value)
        try:
            found: object = pickle.loads(state)  # noqa: S301 - verified, or the risk is accepted
        except (Exception, SystemExit) as error:
            raise StateBroken(self._store.key, error) from error
        logger.info("Restored the state %s (%d bytes)", self._store.key, len(state))
        return found

    def begin(self, model: Model) -> None:
        """Save from time to time, from now on."""
        self._model, self._ending = model, asyncio.Event()
        self._saving = asyncio.get_running_loop().create_task(self._save_till_the_end())

    async def stop(self) -> None:
        """Save a last time."""
        self._ending.set()
        await self._saving

    async def _save_till_the_end(self) -> None:
        while not self._ending.is_set():
            try:
                await asyncio.wait_for(self._ending.wait(), self._every or None)
            except asyncio.TimeoutError:
                await self._save()
        await self._save()
        if self._fails:
            logger.error("The last state %s is lost: it was not saved", self._store.key)

    async def _save(self) -> None:
        """Pickle on the model's thread, so that nothing changes under it, and write on another."""
        try:
            state = await self._model.work(_pickled, self._model.component.user)
            write = partial(_write, self._store, self._seal, state)
            await asyncio.get_running_loop().run_in_executor(self._network, write)
        except Exception as error:  # noqa: BLE001 - what is no Redis makes the client fail in any way
            if not self._fails:
                logger.warning(
                    "The state %s is not saved: %s; trying again", self._store.key, described(error)
                )
            self._fails = True
        else:
            if self._fails:
                logger.info("The state %s is saved again", self._store.key)
            self._fails = False


class _NotPickled(Exception):
    """The model holds what pickle cannot write; the message says what."""


def _pickled(user: object) -> bytes:
    try:
        return pickle.dumps(user, pickle.HIGHEST_PROTOCOL)
    except (Exception, SystemExit) as error:
        # pickle's own word for it would be lost among those that a model's __getstate__ may raise.
        raise _NotPickled(described(error)) from error


def _write(store: Store, seal: Seal, state: bytes) -> None:
    store.write(seal.sealed(state))


def keep(context: Context) -> RedisKeeper:
    """Make the keeper that the variables describe; SettingInvalid, StateKeyUnusable."""
    variables, settings = context.variables, context.settings
    key = state_key(settings.unit)
    seal = Seal(key, settings.model_name, secret_from(variables))
    every = seconds(variables, "SELDON_PERSISTENCE_SECONDS", EVERY)
    return RedisKeeper(Store(client_from(variables), key), seal, every)
