"""The options that say which model, for what target, and where the image goes."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from ..connections import Connections
from ..destination import Output
from ..order import Asked, Order
from ..reference import Reference
from ..target import MACHINES
from .caller import Caller

# Options that stand for a variable: --resolver X is SELDON_RESOLVER=X. Repeated ones are joined by blanks.
FLAGS = {
    "--resolver": "SELDON_RESOLVER",
    "--group": "SELDON_GROUPS",
    "--extra": "SELDON_EXTRAS",
    "--channel-alias": "SELDON_CHANNEL_ALIASES",
    "--index-pin": "SELDON_INDEX_PINS",
    "--bindings": "SERVICE_BINDING_ROOT",
    "--inject": "SELDON_WHEELS",
    "--no-build": "SELDON_NO_BUILD",
}
# Of those the plain ones: what follows them, and what they are for.
_APPENDING = {
    "--resolver": ("NAME", "whose files count, where several resolvers claim the source (docs/resolvers.md)"),
    "--group": ("NAME", "also what this dependency group of the project asks for; may be repeated"),
    "--extra": ("NAME", "also what this extra of the project asks for; may be repeated"),
    "--channel-alias": ("NAME=URL", "where a conda channel of this name is; may be repeated"),
    "--index-pin": ("NAME=URL", "take this package from this index and from nowhere else; may be repeated"),
    "--bindings": ("DIR", "a folder of service bindings: credentials and certificates (docs/indexes.md)"),
}

# The one place where s2i's builder images looked for what was injected.
WHEELS = "/whl"
# Where an image goes that is written here without a path: beside us, by its own name.
ENDINGS = {"archive": ".tar", "oci": ".oci"}


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the source folder, its settings and how its requirements are resolved."""
    parser.add_argument("source", type=Path, help="the folder with the model")
    add = parser.add_argument
    add("-e", "--env", action="append", default=[], metavar="KEY=VALUE", help="a setting; may be repeated")
    add(
        "-E",
        "--environment-file",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a file of such lines",
    )
    add(
        "--platform-env",
        type=Path,
        metavar="DIR",
        help="a folder with a file per setting",
    )
    runtimes = "serve with nothing but this: rest, grpc ...; repeated or with commas (default: everything)"
    add("--runtime", action="append", default=[], metavar="NAME", help=runtimes)
    for flag, (placeholder, text) in _APPENDING.items():
        add(flag, default=[], action="append", metavar=placeholder, help=text)
    forbidden = "build no wheel: what has none for the target is an error"
    add("--no-build", default=[], action="append_const", const="true", help=forbidden)
    wheels = "a folder of wheels that come before any index (docs/local-wheels.md); may be repeated"
    add("-i", "--inject", default=[], action="append", type=injected, metavar="DIR[:/whl]", help=wheels)
    engines = "who resolves requirements: uv (default) or pip-tools, the slow reference"
    add("--engine", default="uv", metavar="NAME", help=engines)
    add("--offline", action="store_true", help="use nothing but the store and local files")
    add("--refresh", action="store_true", help="resolve anew instead of using the lock of an earlier build")


def injected(text: str) -> str:
    """Read what s2i would copy into its builder: a folder of wheels, as SELDON_WHEELS names it."""
    folder, _, place = text.rpartition(":") if ":" in text else (text, "", WHEELS)
    if not folder or place.rstrip("/") != WHEELS:
        ways = "other files belong into the model folder, secrets into variables (-e, -E)"
        raise argparse.ArgumentTypeError(f"{text!r}: only wheels can be injected, as DIR:{WHEELS}; {ways}")
    path = Path(folder).absolute()
    return path.as_uri() if any(map(str.isspace, str(path))) else str(path)


def platforms(text: str) -> str:
    """Read a list of platforms with commas: the same, sorted, each once."""
    found = sorted({part.strip() for part in text.split(",")})
    known = [f"linux/{name}" for name in MACHINES]
    if wrong := [part for part in found if part not in known]:
        raise argparse.ArgumentTypeError(f"{wrong[0]!r} is not a platform: choose from {', '.join(known)}")
    return ",".join(found)


def each_platform(options: argparse.Namespace) -> Iterator[argparse.Namespace]:
    """Yield ``options`` for one platform at a time."""
    for platform in options.platform.split(",") if options.platform else [options.platform]:
        yield argparse.Namespace(**{**vars(options), "platform": platform})


def add_target(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Add which base an image gets, and so which Python and platform, or ``several`` of those."""
    add = parser.add_argument
    add("--python", default="", metavar="3.X", help="the image's Python (default: what the source wishes)")
    if several:
        text = "linux/amd64, linux/arm64, or both with a comma (default: this machine's)"
        add("--platform", type=platforms, metavar="PLATFORMS", help=text)
    else:
        known = [f"linux/{name}" for name in MACHINES]
        add("--platform", choices=known, help="default: this machine's")
    add("--run-image", default="", metavar="IMAGE", help="a base: registry reference, docker:NAME or oci:DIR")
    add("--mirror", default="", metavar="URL", help="a Debian mirror for our own base")
    add("--force", action="store_true", help="look into the base, whatever its labels say")


def add_destination(parser: argparse.ArgumentParser) -> None:
    """Add where the image goes."""
    add = parser.add_argument
    add(
        "--output",
        default="",
        metavar="KIND",
        help="docker (default), oci:DIR, archive:FILE or registry",
    )
    add("--publish", action="store_true", help="the same as --output registry")
    add("--insecure", action="store_true", help="allow plain http to a registry that is not on this machine")


def add_sbom(parser: argparse.ArgumentParser, text: str) -> None:
    """Add where a copy of the bill of materials goes."""
    parser.add_argument("--sbom", default="", metavar="FILE", help=text)


def write_beside(text: str, path: str, what: str, option: str) -> None:
    """Write what the user wants beside the image; OutputUnwritable where that cannot be."""
    from ..errors.destination import OutputUnwritable
    from ..whole_file import whole_file

    place = Path(path).resolve()
    try:
        # A pipe or /dev/null is written to; of a file the one before stays until the new one is whole.
        if place.exists() and not place.is_file():
            place.write_text(text)
            return
        place.parent.stat()
        with whole_file(place) as file:
            file.write(text.encode())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputUnwritable(Path(path), reason, what=what, option=option) from error


def order_from(options: argparse.Namespace, caller: Caller) -> Order:
    """Make the order of these options; ReferenceInvalid for an image name that is none."""
    return Order(
        folder=options.source.absolute(),
        output=output_from(options, caller),
        asked=Asked(
            tuple(options.env),
            tuple(options.environment_file),
            options.platform_env,
            caller.environment,
            tuple(options.runtime),
            tuple(flags_of(options)),
            caller.folders(options.platform_env),
        ),
        architecture=(options.platform or f"linux/{caller.architecture}").partition("/")[2],
        run_image=options.run_image,
        python=options.python,
        engine=options.engine,
        bytecode=not getattr(options, "no_bytecode", False),
        refresh=options.refresh,
        offline=options.offline,
        force=options.force,
        mirror=options.mirror,
        ca_bundle=caller.ca_bundle,
    )


def flags_of(options: argparse.Namespace) -> Iterator[tuple[str, str, str]]:
    """Yield what the options say that stand for a variable: its name, its value, the option."""
    for flag, variable in FLAGS.items():
        if said := getattr(options, flag.removeprefix("--").replace("-", "_"), None):
            yield variable, " ".join(said), flag


def output_from(options: argparse.Namespace, caller: Caller) -> Output:
    """Make the output: the one that was named, else the daemon if one answers, else a layout here."""
    reference = Reference.parse(getattr(options, "image", "") or "unnamed")
    connections = caller.connections()
    insecure = getattr(options, "insecure", False)
    kind, _, path = ("registry" if options.publish else options.output).partition(":")
    kind = kind or _default_kind(connections)
    if kind in ENDINGS:
        path = str(Path(path or reference.repository.rpartition("/")[2] + ENDINGS[kind]).absolute())
    return Output(kind, reference, path, insecure, connections)


def _default_kind(connections: Connections) -> str:
    from ..media.daemon import daemon_answers

    return "docker" if daemon_answers(connections.docker_host, connections.docker_certificates) else "oci"
