"""Packages that come from one index alone: uv knows that of a project's own dependencies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import tomli_w
import tomllib
from seldon_builder.dependencies.engine import Finished
from seldon_builder.dependencies.url_credentials import credential_for, with_token
from seldon_builder.detection import Detection, Requirement
from seldon_builder.package_index import IndexPin, PackageIndex

FILE = "pyproject.toml"
ORIGIN = "the pin of its index"
# No distribution of an index has it, so that no requirement can mean it.
_NAME = "seldon-python-what-is-asked-for"


def pinned_project(lines: Sequence[str], index: PackageIndex) -> str:
    """Write a project that asks for ``lines`` and says which index each pinned name comes from."""
    urls = _urls(index)
    tables = [
        {
            "name": _index_name(number),
            # A token in the query has no variable of uv's; the file is gone with its private folder.
            "url": with_token(url, credential_for(url, index.credentials)),
            "explicit": True,
        }
        for number, url in enumerate(urls)
    ]
    sources = {pin.name: {"index": _index_name(urls.index(pin.url))} for pin in index.pins}
    project = {"name": _NAME, "version": "0", "dependencies": list(lines)}
    return tomli_w.dumps({"project": project, "tool": {"uv": {"index": tables, "sources": sources}}})


def pin_environment(index: PackageIndex) -> dict[str, str]:
    """Make the variables that hold users and passwords of the pinned indexes."""
    environment = {}
    for number, url in enumerate(_urls(index)):
        if found := credential_for(url, index.credentials):
            word = f"UV_INDEX_{_index_name(number).upper().replace('-', '_')}"
            environment[f"{word}_USERNAME"] = found.username.reveal()
            environment[f"{word}_PASSWORD"] = found.password.reveal()
    return {name: value for name, value in environment.items() if value}


def with_pins_met(
    ask: Callable[[Detection], Finished], detection: Detection, pins: Sequence[IndexPin]
) -> tuple[Detection, Finished]:
    """Ask until each pinned name of the answer is asked for itself: of others uv heeds no pin."""
    finished = ask(detection)
    if finished.status and pins:
        # What came from elsewhere may have been in the way.
        wider = _asking_for(detection, {pin.name for pin in pins}, pins)
        again = ask(wider) if wider != detection else finished
        return (detection, finished) if again.status else (wider, again)
    while pins:
        found = {str(package["name"]) for package in tomllib.loads(finished.output).get("packages", ())}
        wider = _asking_for(detection, found, pins)
        if wider == detection:
            break
        detection, finished = wider, ask(wider)
        if finished.status:
            break
    return detection, finished


def _asking_for(detection: Detection, names: set[str], pins: Sequence[IndexPin]) -> Detection:
    asked = {requirement.name for requirement in detection.requirements}
    more = (Requirement(pin.name, ORIGIN) for pin in pins if pin.name in names - asked)
    return replace(detection, requirements=(*detection.requirements, *more))


def _urls(index: PackageIndex) -> list[str]:
    return list(dict.fromkeys(pin.url for pin in index.pins))


def _index_name(number: int) -> str:
    return f"pin-{number}"
