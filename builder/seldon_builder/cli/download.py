"""``seldon-python download``: all that an image needs, as files, for a build without network."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from shlex import join

from ..dependencies.wheel_folder import fill
from ..lifecycle import Workshop, base_of, lock_of, model_of, settings_of
from ..lock import Lock
from ..progress import bytes_text
from ..settings import Setting, Settings
from .asking import FLAGS, WHEELS, add_model, add_target, each_platform, order_from
from .caller import Caller, add_common
from .working import working

EXAMPLES = """examples:
  seldon-python download .
  seldon-python download . wheels/ --platform linux/amd64,linux/arm64
  seldon-python download . ~/wheels --python 3.12 && seldon-python build . churn --offline -i ~/wheels:/whl
"""
FOLDER = "wheels"
# Folders of a source that need not be named.
FOUND = ("whl", FOLDER)


def add_to(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this verb to the command line."""
    parser = verbs.add_parser(
        "download",
        help="fill a folder with all the wheels of an image",
        description="Lock a model as a build does and write every wheel that its image needs, the server's "
        "too, to a folder. Wheels there come before any index, so a build --offline needs nothing else but "
        "its base image. Nothing that is in the folder is changed or removed.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model(parser)
    places = "where the wheels go (default: wheels/ in the source)"
    parser.add_argument("wheels", type=Path, nargs="?", metavar="folder", help=places)
    add_target(parser, several=True)
    add_common(parser)
    parser.set_defaults(action=run, publish=False, output="registry", insecure=False)


def run(options: argparse.Namespace, caller: Caller) -> int:
    """Fill the folder; stdout gets its path."""
    folder: Path = (options.wheels or options.source / FOLDER).absolute()
    with working(options, caller) as workshop:
        locks = [_locked(each, caller, workshop, folder) for each in each_platform(options)]
        filled = fill(folder, locks, workshop.store, workshop.emit)
    if not options.quiet:
        there = f"; {filled.kept} were there" if filled.kept else ""
        text = f"Wrote {filled.written} files ({bytes_text(filled.size)}) to {folder}{there}"
        print(f"{text}\n  build   {_how_to_build(options, caller, folder)}", file=sys.stderr)
    print(folder)
    return 0


def _how_to_build(options: argparse.Namespace, caller: Caller, folder: Path) -> str:
    target = order_from(next(each_platform(options)), caller).target_options(caller.architecture)
    found = folder in (options.source.absolute() / name for name in FOUND)
    inject = [] if found else ["-i", f"{folder}:{WHEELS}"]
    return join(["seldon-python", "build", str(options.source), "NAME", *target, "--offline", *inject])


def _locked(options: argparse.Namespace, caller: Caller, workshop: Workshop, folder: Path) -> Lock:
    order = order_from(options, caller)
    model = model_of(order, workshop)
    chosen = base_of(order, model, workshop)
    settings = _with_folder(settings_of(order, model.source, chosen), folder)
    return lock_of(order, replace(model, settings=settings), chosen, workshop)


def _with_folder(settings: Settings, folder: Path) -> Settings:
    """Prefer what the folder has already, so that to fill it again changes nothing."""
    name = FLAGS["--inject"]
    if not folder.is_dir():
        return settings
    known = settings.get(name).split()
    value = " ".join((*known, folder.as_uri()))
    return settings.with_setting(Setting(name, value, "the folder to fill", build_only=True))
