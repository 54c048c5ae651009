"""Read uv.lock by uv itself: it tells whether the lock is fresh, and exports it as PEP 751 has it.

uv runs offline, in an environment and a folder of its own, and may build nothing, so no code of the model
runs: in the model's folder it would start a .venv/bin/python, or what .python-version names, and ask it for
its version. What it cannot compare that way, a project whose metadata some build makes, is compared here as
far as it is written down.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomllib
import uv
from seldon_builder.dependencies.engine import Finished, cleaned_environment, run_engine
from seldon_builder.dependencies.selection import Chosen
from seldon_builder.detection import Detection
from seldon_builder.errors.resolution import EngineFailed, LockOutdated
from seldon_builder.events import silent
from seldon_builder.lock import canonical_name
from seldon_builder.package_index import PackageIndex
from seldon_builder.settings import Settings
from seldon_builder.source import Source

from .lock_reading import Written, cannot_tell, is_public
from .pylock_reading import filled, parsed

FILE, PROJECT, COMMAND = "uv.lock", "pyproject.toml", "uv lock"
_KNOWN_VERSION = 1
_COPIED, _LEFT_OUT = (FILE, PROJECT, "uv.toml"), (".venv", ".python-version", ".python-versions")
# The longest locks take a second; a pipe among the files that uv reads takes any time.
_SECONDS = 60.0
# Options with which the lock was made and that uv would otherwise take for changed.
_OPTIONS = {
    "resolution-mode": "--resolution",
    "prerelease-mode": "--prerelease",
    "fork-strategy": "--fork-strategy",
}


def read_uv_lock(source: Source, settings: Settings, claim: Detection) -> Detection:
    """Fill ``claim`` with what the lock says; LockOutdated where the project asks for something else."""
    written, chosen = Written(source, FILE, COMMAND), Chosen.of(settings)
    lock = written.toml()
    if lock.get("version") != _KNOWN_VERSION:
        raise written.unreadable(
            f"it is of version {str(lock.get('version'))[:20]}; {_KNOWN_VERSION} is known"
        )
    root = _root(written, lock)
    chosen.check(_groups(written, root), _extras(written, root))
    if source.has(PROJECT):
        # uv reads what is nested without end, without end.
        Written(source, PROJECT, COMMAND).toml()
    doubt = _checked(written, lock, root) if source.has(PROJECT) else f"there is no {PROJECT}"
    told = f"{claim.reason}; {cannot_tell(doubt)}" if doubt else claim.reason
    document = parsed(written, _exported(written, chosen))
    return filled(written, document, chosen, replace(claim, reason=told))


def _root(written: Written, lock: Mapping[str, Any]) -> dict[str, Any]:
    for package in written.tables(lock, "package"):
        place = written.table(package, "source")
        if "." in (place.get("editable"), place.get("virtual"), place.get("directory")):
            return package
    return {}


def _groups(written: Written, root: Mapping[str, Any]) -> Iterable[str]:
    metadata = written.table(root, "metadata")
    return {**written.table(metadata, "requires-dev"), **written.table(root, "dev-dependencies")}


def _extras(written: Written, root: Mapping[str, Any]) -> Iterable[str]:
    provided = written.texts(written.table(root, "metadata"), "provides-extras")
    return (*provided, *written.table(root, "optional-dependencies"))


def _exported(written: Written, chosen: Chosen) -> Mapping[str, Any]:
    names = [word for group in sorted(chosen.groups) for word in ("--group", group)]
    names += [word for extra in sorted(chosen.extras) for word in ("--extra", extra)]
    finished = _uv(
        written, "export", "--frozen", "--format", "pylock.toml", "--no-header", "--no-default-groups", *names
    )
    if finished.status:
        raise written.unreadable(f"uv says: {_said(finished)}")
    return tomllib.loads(finished.output)


def _checked(written: Written, lock: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    """Return why it cannot be told whether the lock is fresh, "" where it is; else LockOutdated."""
    options = written.table(lock, "options")
    given = [
        word for name, flag in _OPTIONS.items() if name in options for word in (flag, str(options[name]))
    ]
    finished = _uv(written, "lock", "--check", "--no-build", *given, indexes=_indexes(written, lock))
    if not finished.status:
        return ""
    project = Written(written.source, PROJECT, COMMAND)
    content = project.toml()
    changes = list(_changes(project, content, lock, root))
    dynamic = bool(project.texts(project.table(content, "project"), "dynamic"))
    # uv ends with 2 where it cannot look: no interpreter that fits, metadata that only a build tells.
    if finished.status == 1 and not changes and not dynamic:
        changes = [_said(finished)]
    if changes:
        raise LockOutdated(FILE, changes, COMMAND)
    return "its metadata is dynamic, and only a build would tell it" if dynamic else _said(finished)


def _changes(
    project: Written, content: Mapping[str, Any], lock: Mapping[str, Any], root: Mapping[str, Any]
) -> Iterator[str]:
    """Compare what is written down in both, but for markers, which uv writes in other words."""
    table, metadata = project.table(content, "project"), project.table(root, "metadata")
    required, locked = str(table.get("requires-python", "")), str(lock.get("requires-python", ""))
    if required and _specifier(project, required) != _specifier(project, locked):
        yield f"requires-python is {required}, the lock is for {locked}"
    if "dependencies" in project.texts(table, "dynamic"):
        return
    optional = project.table(table, "optional-dependencies")
    lines = [
        *project.texts(table, "dependencies"),
        *(line for key in optional for line in project.texts(optional, key)),
    ]
    asked = {_asked(project, line) for line in lines}
    known = {
        (canonical_name(str(item.get("name"))), _specifier(project, str(item.get("specifier", ""))))
        for item in project.tables(metadata, "requires-dist")
    }
    names = {name for name, _ in known}
    # With a source of its own a requirement has no specifier in the lock.
    sources = {
        canonical_name(name)
        for name in project.table(project.table(project.table(content, "tool"), "uv"), "sources")
    }
    yield from (
        f"added:   {name}{specifier}"
        for name, specifier in sorted(asked - known)
        if name not in sources or name not in names
    )
    yield from (f"removed: {name}" for name in sorted(names - {name for name, _ in asked}))


def _asked(project: Written, line: str) -> tuple[str, str]:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        parsed_line = Requirement(line)
    except InvalidRequirement as error:
        raise project.unreadable(f"{line[:200]!r} is no requirement") from error
    return canonical_name(parsed_line.name), str(parsed_line.specifier)


def _specifier(project: Written, text: str) -> str:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return str(SpecifierSet(text))
    except InvalidSpecifier as error:
        raise project.unreadable(f"{text[:200]!r} is no version specifier") from error


def _indexes(written: Written, lock: Mapping[str, Any]) -> Sequence[str]:
    """Return the indexes of the lock: uv takes one that nobody named for a change."""
    places = (written.table(package, "source").get("registry") for package in written.tables(lock, "package"))
    return sorted({url for url in places if isinstance(url, str) and "://" in url and not is_public(url)})


def _uv(written: Written, *arguments: str, indexes: Sequence[str] = ()) -> Finished:
    try:
        program = uv.find_uv_bin()
    except FileNotFoundError as error:
        raise EngineFailed("uv", "its program is not installed.", hint="run bin/build anew") from error
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as folder:
        environment = cleaned_environment(PackageIndex(), Path(home))
        # Nothing of this machine's own settings: they would say what the lock does not.
        environment |= {"XDG_CONFIG_DIRS": home, "UV_OFFLINE": "true", "UV_PYTHON_DOWNLOADS": "never"}
        environment |= {"UV_CACHE_DIR": home, "UV_NO_PROGRESS": "true"}
        if indexes:
            environment["UV_INDEX"] = " ".join(indexes)
        command = [program, *arguments, "--color", "never", "--quiet"]
        _lay_out(written, Path(folder))
        try:
            finished = run_engine(
                command, environment, Path(folder), PackageIndex(), silent,
                act="Reading the lock", seconds=_SECONDS,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise written.unreadable(f"uv had not read it after {_SECONDS:g} seconds") from error
        return replace(finished, complaint=finished.complaint.replace(f"{folder}/", ""))


def _lay_out(written: Written, folder: Path) -> None:
    """Fill ``folder`` with the files of the project itself, and with links to what else it may name."""
    for place in written.source.root.iterdir():
        if place.name in _LEFT_OUT or place.is_symlink():
            continue
        if place.name not in _COPIED:
            (folder / place.name).symlink_to(place.absolute())
        elif place.name not in (FILE, PROJECT) or written.source.has(place.name):
            text = Written(written.source, place.name, COMMAND).text()
            (folder / place.name).write_text(text, newline="")


def _said(finished: Finished) -> str:
    lines = [line.strip() for line in finished.complaint.splitlines() if line.strip()]
    return " ".join(lines).removeprefix("error: ")[:600] or f"it ended with {finished.status}"
