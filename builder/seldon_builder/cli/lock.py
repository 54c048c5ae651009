"""``seldon-python lock``: the exact artifacts, written beside the model."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote

from ..dependencies import pylock
from ..dependencies.upgrade import ALL, changes_between
from ..errors import SeldonError
from ..errors.plugins import LockUnclaimed
from ..errors.resolution import LockOutdated
from ..events import decision
from ..inputs.model_name import with_model_name
from ..lifecycle import Model, Workshop, base_of, bill_of, lock_of, model_of, settings_of
from ..order import Order
from .asking import add_model, add_sbom, add_target, each_platform, order_from, write_beside
from .caller import Caller, add_common
from .working import working

EXAMPLES = """examples:
  seldon-python lock examples/iris
  seldon-python lock . --platform linux/amd64,linux/arm64
  seldon-python lock . --upgrade numpy
  seldon-python lock . --check
  seldon-python lock . --platform linux/arm64 --lock-file -
  seldon-python lock . --engine pip-tools --upgrade
"""


def add_to(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this verb to the command line."""
    parser = verbs.add_parser(
        "lock",
        help="write the exact artifacts of a model to pylock.toml",
        description="Resolve a model's requirements and write them, with hashes, to pylock.toml (PEP 751). "
        "A build uses that file for as long as it matches the requirements. Made anew, a lock keeps the "
        "versions that still satisfy.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model(parser)
    add_target(parser, several=True)
    add = parser.add_argument
    upgrades = "let this package have a newer version; may be repeated; without a name, every package"
    add("--upgrade", nargs="?", const=ALL, action="append", default=[], metavar="NAME", help=upgrades)
    add("--check", action="store_true", help="write nothing; end with an error if the lock would change")
    files = "default: pylock.toml in the source, one a platform for several; -: stdout"
    add("--lock-file", default="", metavar="FILE", help=files)
    add_sbom(parser, "a file that gets the bill of materials (CycloneDX); -: stdout")
    add_common(parser)
    parser.set_defaults(action=run, publish=False, output="registry", insecure=False, complain=parser.error)


@dataclass(frozen=True)
class Locked:
    """A lock for one platform: where it goes ("-": stdout), its text, what was there, what is in it."""

    place: str
    text: str
    before: str
    changes: tuple[str, ...]
    sbom: str = ""


def run(options: argparse.Namespace, caller: Caller) -> int:
    """Write the locks; stdout gets their paths, or the lock itself for ``-``."""
    chosen = list(each_platform(options))
    if len(chosen) > 1 and (options.lock_file or options.sbom):
        options.complain("--lock-file and --sbom name one file: lock one platform at a time")
    if options.lock_file == options.sbom == "-":
        options.complain("stdout takes the lock or the bill of materials, not both")
    with working(options, caller) as workshop:
        made: list[Locked] = []
        for each in chosen:
            one = _locked(each, caller, workshop, made, several=len(chosen) > 1)
            # A format that holds several platforms has all of them in the last text.
            made = [*(other for other in made if one.place == "-" or other.place != one.place), one]
        for one in made:
            for change in one.changes:
                workshop.emit(decision("lock", change))
    if options.check:
        return _checked(made, _command(options, caller))
    for one in made:
        _write(one, options.sbom)
    return 0


def _checked(made: list[Locked], command: str) -> int:
    for one in made:
        if one.text != one.before:
            changes = one.changes or ("it was changed by hand, or made from something else",)
            raise LockOutdated(one.place, changes if one.before else ["it is not there yet"], command)
    return 0


def _command(options: argparse.Namespace, caller: Caller) -> str:
    place = f" --lock-file {quote(options.lock_file)}" if options.lock_file else ""
    commands = (order_from(each, caller).lock_command(caller.architecture) for each in each_platform(options))
    return "` and `".join(f"{command}{place}" for command in commands)


def _write(one: Locked, sbom: str) -> None:
    if one.place == "-":
        sys.stdout.write(one.text)
    else:
        if one.text != one.before:
            write_beside(one.text, one.place, "the lock", "--lock-file")
        if sbom != "-":
            print(one.place)
    if sbom == "-":
        sys.stdout.write(one.sbom)
    elif sbom:
        write_beside(one.sbom, sbom, "the bill of materials", "--sbom")


def _locked(
    options: argparse.Namespace, caller: Caller, workshop: Workshop, made: list[Locked], *, several: bool
) -> Locked:
    order = replace(order_from(options, caller), exported=False, upgrade=tuple(options.upgrade))
    model = model_of(order, workshop)
    chosen = base_of(order, model, workshop)
    # As a build knows them, for which the base's own variables count too.
    model = replace(model, settings=settings_of(order, model.source, chosen))
    lock = lock_of(order, model, chosen, workshop)
    others = {Path(other.place).name: other.text for other in made}
    written = workshop.plugins.hook.seldon_export(
        lock=lock, source=model.source, store=workshop.store, others=others
    )
    if written is None:
        raise LockUnclaimed(lock.kind)
    place = options.lock_file or str(_place(order, written.name, lock.platform, several=several))
    before = _text(Path(place)) if place != "-" else ""
    changes = tuple(_changes(before, written.text, model.source.root))
    bill = bill_of(_named(model, workshop), lock, workshop.store) if options.sbom else ""
    return Locked(place, written.text, before, changes, bill)


def _place(order: Order, name: str, platform: str, *, several: bool) -> Path:
    """Return where a build for ``platform`` looks first, of the files that are there or are wanted."""
    own, beside = order.folder / pylock.file_of(platform), order.folder / name
    # The lock of another tool is what the model asks for: ours stands beside it.
    kept = own.exists() or pylock.is_of_others(_text(beside))
    return own if name == pylock.FILE and (several or kept) else beside


def _text(path: Path) -> str:
    with suppress(OSError):
        # A pipe has nothing to read, and nobody may ever write to it.
        return path.read_text(errors="replace") if path.is_file() else ""
    return ""


def _changes(before: str, after: str, root: Path) -> Iterator[str]:
    """Say how two locks of ours differ; nothing where one of them is none."""
    with suppress(pylock.PylockInvalid):
        old, new = (pylock.read_pylock(text, root) if text else None for text in (before, after))
        if old and new:
            yield from changes_between(old.lock, new.lock)


def _named(model: Model, workshop: Workshop) -> Model:
    """Complete the model's name as a build does, where it can be found."""
    with suppress(SeldonError):
        return replace(model, settings=with_model_name(model.source, model.settings, workshop.emit))
    return model
