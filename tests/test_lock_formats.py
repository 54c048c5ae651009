"""uv.lock, poetry.lock, pdm.lock and Pipfile.lock as the real tools write them."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest
from packaging.requirements import Requirement as Pep508
from seldon_builder.dependencies.written_lock import taken
from seldon_builder.detection import Detection
from seldon_builder.errors.locks import LockUnreadable
from seldon_builder.errors.projects import GroupUnknown
from seldon_builder.errors.resolution import LockOutdated
from seldon_builder.events import silent
from seldon_builder.inputs.source_reading import read_source
from seldon_builder.lock import canonical_name
from seldon_builder.settings import Setting, Settings
from seldon_builder.target import Target
from seldon_plugins.lock_formats import uv_lock_reading

from tests import lock_projects
from tests.lock_projects import COMMANDS, LOCKS, RESOLVERS
from tests.lockers import locker
from tests.wheelhouse import serve

pytestmark = pytest.mark.network
TOOLS = list(LOCKS)
NEWER, ARM, OLDER = (
    Target("amd64", "3.13.5", "2.41"),
    Target("arm64", "3.13.5", "2.41"),
    Target("amd64", "3.11.2", "2.36"),
)
WITHOUT_CHOICE = [("", ""), ("dev", "")]
CHOICES = [("", ""), ("dev", ""), ("", "web")]


@dataclass(frozen=True)
class Projects:
    """The project as each tool locked it, made once."""

    root: Path
    index: str

    def folder(self, tool: str) -> Path:
        folder = self.root / tool
        if not folder.exists():
            lock_projects.write(tool, folder, self.index)
            lock_projects.lock(tool, locker(tool, self.root / "home"), folder)
        return folder


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Projects]:
    root = tmp_path_factory.mktemp("projects")
    lock_projects.fill(root / "wheels")
    with serve(root / "wheels") as index:
        yield Projects(root, index.simple)


def read(tool: str, folder: Path, groups: str = "", extras: str = "") -> Detection:
    resolver = import_module(f"seldon_plugins.lock_formats.{RESOLVERS[tool]}")
    source = read_source(folder, silent)
    settings = Settings((Setting("SELDON_EXTRAS", extras, "-e"), Setting("SELDON_GROUPS", groups, "-e")))
    claim = resolver.seldon_detect(source=source)
    found = resolver.seldon_read(detection=claim, source=source, settings=settings)
    assert isinstance(found, Detection)
    return found


def pins(detection: Detection, target: Target) -> set[str]:
    chosen = taken(detection, target)
    wheels = {f"{wheel.name}=={wheel.version}" for wheel in chosen.wheels}
    return wheels | {str(Pep508(item.line)).partition(";")[0].strip() for item in chosen.unnamed}


def installed(lines: str, target: Target) -> set[str]:
    """Return what lines of requirements mean on ``target``, options and comments left out."""
    found = set()
    for line in lines.splitlines():
        text = line.partition("#")[0].strip()
        if text and not text.startswith("-"):
            parsed = Pep508(text)
            if parsed.marker is None or parsed.marker.evaluate(target.marker_environment):
                found.add(f"{canonical_name(parsed.name)}{parsed.specifier}")
    return found


def cases() -> Iterator[tuple[str, str, str]]:
    for tool in TOOLS:
        for groups, extras in WITHOUT_CHOICE if tool == "pipenv" else CHOICES:
            yield tool, groups, extras


@pytest.mark.parametrize(("tool", "groups", "extras"), list(cases()))
def test_what_is_read_is_what_the_tool_itself_would_install(
    projects: Projects, tool: str, groups: str, extras: str
) -> None:
    folder = projects.folder(tool)
    lines = lock_projects.exported(
        tool, locker(tool, projects.root / "home"), folder, tuple(groups.split()), tuple(extras.split())
    )

    ours = read(tool, folder, "develop" if tool == "pipenv" and groups else groups, extras)

    targets = [OLDER] if tool == "pipenv" else [NEWER, ARM, OLDER]
    assert [pins(ours, target) for target in targets] == [installed(lines, target) for target in targets]


@pytest.mark.parametrize("tool", TOOLS)
def test_development_dependencies_are_left_out_unless_named(projects: Projects, tool: str) -> None:
    names = {item.name for item in read(tool, projects.folder(tool)).requirements}

    assert {"alpha", "beta", "delta", "epsilon", "gamma", "older"} <= names
    assert not names & {"tester", "reporter", "web"}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_lock_is_read_with_the_hashes_of_its_files(projects: Projects, tool: str) -> None:
    found = read(tool, projects.folder(tool))

    named = {file.name for file in found.artifacts}
    assert all(item.hashes or item.name in named for item in found.requirements if item.name != "winonly")
    assert found.is_complete


@pytest.mark.parametrize("tool", TOOLS)
def test_a_stale_lock_is_an_error_that_names_the_command(
    projects: Projects, tool: str, tmp_path: Path
) -> None:
    folder = tmp_path / "stale"
    shutil.copytree(projects.folder(tool), folder)
    project = folder / ("Pipfile" if tool == "pipenv" else "pyproject.toml")
    text = project.read_text()
    changed = text.replace(">=1", ">=1,!=7").replace('version = "^1.0"', 'version = "^1.0.1"')
    assert changed != text
    project.write_text(changed)

    with pytest.raises(LockOutdated) as caught:
        read(tool, folder)

    assert f"`{COMMANDS[tool]}`" in caught.value.hint


@pytest.mark.parametrize("tool", TOOLS)
def test_a_change_that_asks_for_nothing_else_leaves_the_lock_fresh(
    projects: Projects, tool: str, tmp_path: Path
) -> None:
    folder = tmp_path / "renamed"
    shutil.copytree(projects.folder(tool), folder)
    project = folder / ("Pipfile" if tool == "pipenv" else "pyproject.toml")
    more = "" if tool == "pipenv" else "[tool.other]\nsetting = 1\n"
    project.write_text(f"# a remark\n{project.read_text()}\n{more}")

    assert read(tool, folder).requirements == read(tool, projects.folder(tool)).requirements


@pytest.mark.parametrize("tool", TOOLS)
def test_a_group_that_is_not_locked_is_an_error_that_lists_those_there_are(
    projects: Projects, tool: str
) -> None:
    with pytest.raises(GroupUnknown) as caught:
        read(tool, projects.folder(tool), "absent")

    assert ("develop" if tool == "pipenv" else "dev") in caught.value.message


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b"<<<<<<< HEAD\n", "merge conflict"),
        (b"[[package]\nname = ", "not "),
        (b"[" * 100_000, "n"),
        (b"", "n"),
    ],
)
def test_garbage_is_a_clear_error(
    projects: Projects, tool: str, content: bytes, reason: str, tmp_path: Path
) -> None:
    folder = tmp_path / "garbage"
    shutil.copytree(projects.folder(tool), folder)
    (folder / LOCKS[tool]).write_bytes(content)

    with pytest.raises(LockUnreadable) as caught:
        read(tool, folder)

    assert caught.value.message.startswith(f"{LOCKS[tool]} cannot be read: ")
    assert reason in caught.value.message


@pytest.mark.parametrize("newest", ["99", "9" * 5000], ids=["99", "5000 digits"])
@pytest.mark.parametrize("tool", TOOLS)
def test_a_version_of_the_format_that_is_not_known_is_named(
    projects: Projects, tool: str, newest: str, tmp_path: Path
) -> None:
    folder = tmp_path / "newer"
    shutil.copytree(projects.folder(tool), folder)
    lock = folder / LOCKS[tool]
    text = lock.read_text()
    for known, newer in (
        ("version = 1\n", f"version = {newest}\n"),
        ('lock-version = "2', f'lock-version = "{newest}'),
        ('lock_version = "4', f'lock_version = "{newest}'),
        ('"pipfile-spec": 6', f'"pipfile-spec": {newest}'),
    ):
        text = text.replace(known, newer, 1)
    lock.write_text(text)

    with pytest.raises(LockUnreadable, match=r"99|digits"):
        read(tool, folder)


@pytest.mark.parametrize("tool", TOOLS)
def test_hashes_of_another_kind_alone_are_not_trusted(projects: Projects, tool: str, tmp_path: Path) -> None:
    folder = tmp_path / "md5"
    shutil.copytree(projects.folder(tool), folder)
    lock = folder / LOCKS[tool]
    text = lock.read_text().replace("sha256:", "md5:")
    lock.write_text(text.replace('content_hash = "md5:', 'content_hash = "sha256:'))

    with pytest.raises(LockUnreadable, match="md5"):
        read(tool, folder)


def test_pipenv_of_older_releases_hashes_names_as_they_stand(projects: Projects, tmp_path: Path) -> None:
    import hashlib

    folder = tmp_path / "older"
    shutil.copytree(projects.folder("pipenv"), folder)
    (folder / "Pipfile").write_text(
        '[[source]]\nname = "a"\nurl = "https://example.com/simple"\n[packages]\nNumPy = "*"\n'
    )
    asked = {
        "_meta": {"sources": [{"name": "a", "url": "https://example.com/simple"}], "requires": {}},
        "default": {"NumPy": "*"},
        "develop": {},
    }
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    lock = json.loads((folder / "Pipfile.lock").read_text())
    lock["_meta"]["hash"]["sha256"] = digest
    (folder / "Pipfile.lock").write_text(json.dumps(lock))

    assert read("pipenv", folder).is_complete


@pytest.mark.parametrize("digest", [[5], {"a": 1}, 5, None])
def test_a_hash_that_is_no_text_is_a_stale_lock(projects: Projects, tmp_path: Path, digest: object) -> None:
    folder = shutil.copytree(projects.folder("pipenv"), tmp_path / "p")
    content = json.loads((folder / "Pipfile.lock").read_text())
    content["_meta"]["hash"]["sha256"] = digest
    (folder / "Pipfile.lock").write_text(json.dumps(content))

    with pytest.raises(LockOutdated):
        read("pipenv", folder)


@pytest.mark.parametrize("kind", [".venv/bin/python", "relative", "absolute"])
def test_reading_a_lock_runs_no_program_of_the_model(projects: Projects, tmp_path: Path, kind: str) -> None:
    folder, trace = shutil.copytree(projects.folder("uv"), tmp_path / "p"), tmp_path / "trace"
    program = folder / (kind if "/" in kind else "own")
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f'#!/bin/sh\necho $0 >> {trace}\nexec {sys.executable} "$@"\n')
    program.chmod(0o755)
    if "/" in kind:
        (folder / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.13.5\n")
    else:
        named = "./own" if kind == "relative" else str(program)
        (folder / ".python-version").write_text(named + "\n")

    assert read("uv", folder).requirements
    assert not trace.exists()


def test_what_takes_no_part_is_not_read_by_uv_either(projects: Projects, tmp_path: Path) -> None:
    folder = shutil.copytree(projects.folder("uv"), tmp_path / "p")
    (folder / "pyproject.toml").unlink()
    os.mkfifo(folder / "pyproject.toml")
    (folder / ".dockerignore").write_text("pyproject.toml\n")

    assert "there is no pyproject.toml" in read("uv", folder).reason


def test_a_project_nested_without_end_never_reaches_uv(projects: Projects, tmp_path: Path) -> None:
    folder = shutil.copytree(projects.folder("uv"), tmp_path / "p")
    (folder / "pyproject.toml").write_text("x = " + "[" * 1_000_000)

    with pytest.raises(LockUnreadable, match="nested too deep"):
        read("uv", folder)


def test_uv_is_not_waited_for_without_end(
    projects: Projects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(projects.folder("uv"), tmp_path / "p")
    (folder / "member").mkdir()
    os.mkfifo(folder / "member" / "pyproject.toml")
    (folder / ".dockerignore").write_text("member\n")
    with (folder / "pyproject.toml").open("a") as file:
        file.write('[tool.uv.workspace]\nmembers = ["member"]\n')
    monkeypatch.setattr(uv_lock_reading, "_SECONDS", 1.0)

    with pytest.raises(LockUnreadable, match="not read it after 1 seconds"):
        read("uv", folder)
