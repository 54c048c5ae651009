"""How serving with this machine's Python differs from what the image gets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..base.choice import SUITES
from ..dependencies import pylock
from ..dependencies.lock_cache import as_locked
from ..errors.running import PythonUnsuitable
from ..events import Emit, decision, warning
from ..inputs.python_version import Wanted
from ..source import Source
from ..target import Target


def tell_python(wanted: Wanted, machine: Target, emit: Emit) -> None:
    """Say which Python serves where the image gets another; PythonUnsuitable where the model excludes it."""
    if not Wanted(specifier=wanted.specifier).allows(machine.python_version):
        origin = "requires-python" if wanted.version else wanted.origin
        raise PythonUnsuitable(Path(machine.python_path), machine.python_version, wanted.specifier, origin)
    serving = f"Serving with Python {machine.python_version} of this machine"
    if wanted.version and wanted.version != machine.python:
        emit(warning("setup", f"{serving}; {wanted.origin} wants {wanted}, which only the image gets"))
    elif (image := _of_image(wanted)) != machine.python:
        emit(decision("setup", f"{serving} (the image gets Python {image})"))


def lock_fits(source: Source, machine: Target, emit: Emit) -> bool:
    """Tell whether the lock in ``source`` is not for another Python or platform than ``machine``."""
    if other := next(_others(source, machine), ""):
        serving = f"serving with Python {machine.python_version} of this machine"
        emit(decision("lock", f"{pylock.FILE} is for {other}; {serving}"))
    return not other


def _of_image(wanted: Wanted) -> str:
    offered = (python for python in SUITES.values() if wanted.allows(python))
    return next(offered, wanted.version or wanted.specifier)


def _others(source: Source, machine: Target) -> Iterator[str]:
    try:
        text = source.read(pylock.FILE).decode(errors="replace") if source.has(pylock.FILE) else ""
        known = pylock.read_pylock(text, source.root)
    except pylock.PylockInvalid:
        return  # whoever locks tells what is wrong with it
    if known is None:
        return
    if known.lock.python != machine.python:
        yield f"Python {known.lock.python}"
    if known.lock.platform != machine.platform:
        yield known.lock.platform
    fitting = f"glibc {as_locked(machine, known.asked).glibc}"
    yield from (fact for fact in known.asked if fact.startswith("glibc ") and fact != fitting)
