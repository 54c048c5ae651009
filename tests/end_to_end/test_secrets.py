"""A password comes in by every door there is, and lies nowhere afterwards."""

from __future__ import annotations

import base64
import gzip
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
from seldon_builder.detection import Requirement
from seldon_runtime.plugins import requirements

from tests.private_index import Answer, faulty_index, pages_of, private_index
from tests.wheelhouse import make_wheel

from .conftest import Seldon

USER, CORE = "ci", "s3cr3t"
# Doors whose index is a pypiserver with a password of its own.
DOORS = ("variables", "s2i", "requirements", "pip", "netrc", "binding", "project", "descriptor", "pin")
# What the commands of engines, and of the sandbox that one runs in, have in them.
ENGINES = ("/uv ", "piptools")
TOKEN = f"{CORE}-token"


def password(door: str) -> str:
    """Every kind of letter that has another spelling somewhere."""
    return f"{door}/{CORE}+%&{door}"


def spellings() -> list[bytes]:
    """Every form in which a password could lie somewhere; plain and percent-encoded ones share ``CORE``."""
    pairs = [f"{USER}:{password(door)}" for door in DOORS]
    encoded = [base64.b64encode(pair.encode()).rstrip(b"=")[:-1] for pair in (*pairs, TOKEN)]
    alone = [base64.b64encode(password(door).encode()).rstrip(b"=")[:-1] for door in DOORS]
    return [CORE.encode(), *encoded, *alone]


@dataclass
class Watch:
    """What the processes below this one showed to every other user while it looked."""

    commands: set[str] = field(default_factory=set)
    revealing: set[str] = field(default_factory=set)
    strangers: set[str] = field(default_factory=set)

    def look(self) -> None:
        for pid, ancestors in _descendants(os.getpid()):
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                environment = Path(f"/proc/{pid}/environ").read_bytes()
            except OSError:
                continue
            command = b" ".join(words).decode(errors="replace")
            self.commands.add(command)
            if CORE in command:
                self.revealing.add(command)
            # An engine is told passwords by its environment, which no other user may read.
            of_engine = any(word in known for known in (*ancestors, command) for word in ENGINES)
            if CORE.encode() in environment and not of_engine:
                self.strangers.add(command)


def _descendants(pid: int, above: tuple[str, ...] = ()) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the processes below ``pid``, each with the commands of those that led to it."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").glob("*/children"))
    except OSError:
        return
    for task in tasks:
        try:
            children = [int(child) for child in task.read_text().split()]
            command = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:
            continue
        for child in children:
            yield child, (*above, command)
            yield from _descendants(child, (*above, command))


@contextmanager
def watching() -> Iterator[Watch]:
    watch, ended = Watch(), threading.Event()

    def run() -> None:
        while not ended.wait(0.005):
            watch.look()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()


@dataclass
class Scene:
    """A model whose packages come from as many indexes as there are doors."""

    model: Path
    home: Path
    options: list[str | Path]

    @property
    def environment(self) -> dict[str, str]:
        return {"HOME": str(self.home), "PATH": os.environ["PATH"]}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with ExitStack() as stack:
        for line in requirements():
            make_wheel(tmp_path / "public", Requirement(line, "").name, "99.0")
        for door in (*DOORS, "token"):
            make_wheel(tmp_path / "wheels" / door, f"by-{door}")
        urls = {
            door: stack.enter_context(private_index(tmp_path / "wheels" / door, f"{USER}:{password(door)}"))
            for door in DOORS
        }
        public = stack.enter_context(faulty_index(partial(_slowly, pages_of(tmp_path / "public"))))
        token = stack.enter_context(faulty_index(partial(_for_token, pages_of(tmp_path / "wheels/token"))))
        yield _scene(tmp_path, urls, public.simple, f"{token.simple}?token={TOKEN}")


def _slowly(answer: Callable[[str], Answer | None], path: str) -> Answer | None:
    # The engine lives long enough to be looked at.
    time.sleep(0.05)
    return answer(path)


def _for_token(answer: Callable[[str], Answer | None], path: str) -> Answer | None:
    place, _, query = path.partition("?")
    if place.startswith("/simple") and f"token={TOKEN}" not in query:
        return 401, "text/html", b""
    return answer(place)


def _scene(root: Path, urls: dict[str, str], public: str, token: str) -> Scene:
    def with_user(door: str) -> str:
        return urls[door].replace("://", f"://{USER}:{quote(password(door), safe='')}@")

    local = urls["netrc"].replace("127.0.0.1", "localhost")
    files = {
        "model/Model.py": "class Model:\n    def predict(self, X, names=None):\n        return X\n",
        "model/requirements.txt": f"--extra-index-url {with_user('requirements')}\n"
        + "".join(f"by-{door}\n" for door in (*DOORS, "token")),
        "model/.s2i/environment": f"UV_EXTRA_INDEX_URL={with_user('s2i')}\n",
        "model/pip.conf": f"[global]\nextra-index-url = {with_user('pip')}\n",
        "model/pyproject.toml": f'[[tool.uv.index]]\nname = "house"\nurl = "{with_user("project")}"\n',
        "model/project.toml": f'[[build.env]]\nname = "UV_INDEX"\nvalue = "{with_user("descriptor")}"\n',
        "home/.netrc": f"machine localhost login {USER} password {password('netrc')}\n",
        "given": f"PIP_INDEX_URL={public}\nEXTRA_INDEX_URL={with_user('variables')} {local} {token}\n"
        f"SELDON_INDEX_PINS=by-pin={with_user('pin')}\n",
        "bindings/house/type": "pypi",
        "bindings/house/extra-index-url": urls["binding"],
        "bindings/house/username": USER,
        "bindings/house/password": f"{password('binding')}\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    options: list[str | Path] = ["-E", root / "given", "--bindings", root / "bindings"]
    return Scene(root / "model", root / "home", options)


def found_in(folder: Path, *, but: frozenset[str] = frozenset()) -> list[str]:
    """Name the files, unpacked where they are packed, that hold any spelling of a secret."""
    wanted = spellings()
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in but)
    return [str(path) for path in files if any(form in _unpacked(path) for form in wanted)]


def _unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


def as_pip_has_it(scene: Scene, variables: Path) -> None:
    """Take the two doors away that pip does not have: pins, and tokens in the query of an index."""
    text = variables.read_text().replace("\nSELDON_INDEX_PINS=by-pin=", "\nPIP_EXTRA_INDEX_URL=")
    variables.write_text(re.sub(r" \S+\?token=\S+", "", text))
    file = scene.model / "requirements.txt"
    file.write_text(file.read_text().replace("by-token\n", ""))


@pytest.mark.parametrize("engine", ["uv", "pip-tools"])
def test_a_secret_of_any_door_lies_nowhere(scene: Scene, seldon: Seldon, tmp_path: Path, engine: str) -> None:
    base, layout, store = tmp_path / "base", tmp_path / "layout", tmp_path / "store"
    assert seldon("base", "create", "base", "--output", f"oci:{base}").code == 0
    if engine == "pip-tools":
        as_pip_has_it(scene, tmp_path / "given")
    options = (*scene.options, "--engine", engine, "--run-image", f"oci:{base}")
    more = {"store": store, "env": scene.environment}

    with watching() as watch:
        built = seldon(
            "build", scene.model, "model:1", *options, "--no-bytecode", "--output", f"oci:{layout}", **more
        )
    assert built.code == 0, built.err
    locked = seldon("lock", scene.model, *options, "--lock-file", tmp_path / "pylock.toml", **more)
    assert locked.code == 0, locked.err
    shown = seldon("build", scene.model, "model:1", *options, "--show-settings", **more)

    of_base = frozenset(path.name for path in (base / "blobs/sha256").iterdir())
    assert "by-pin" in (tmp_path / "pylock.toml").read_text()
    assert any("uv" in command for command in watch.commands)
    assert not watch.revealing
    assert not watch.strangers
    assert found_in(layout, but=of_base) == []
    assert found_in(store, but=of_base) == []
    (tmp_path / "said").mkdir()
    (tmp_path / "pylock.toml").rename(tmp_path / "said/pylock.toml")
    for name, outcome in {"built": built, "locked": locked, "shown": shown}.items():
        (tmp_path / "said" / name).write_text(outcome.out + outcome.err)
    assert found_in(tmp_path / "said") == []


def test_an_error_shows_no_secret_of_any_door(scene: Scene, seldon: Seldon, tmp_path: Path) -> None:
    with (scene.model / "requirements.txt").open("a") as file:
        file.write("by-nobody\n")
    base = tmp_path / "base"
    assert seldon("base", "create", "base", "--output", f"oci:{base}").code == 0
    options = (*scene.options, "--run-image", f"oci:{base}", "--output", f"oci:{tmp_path / 'layout'}")

    outcome = seldon("build", scene.model, "model:1", *options, store=tmp_path / "s", env=scene.environment)

    assert outcome.code == 24, outcome.err
    assert "by-nobody" in outcome.err
    (tmp_path / "said").mkdir()
    (tmp_path / "said" / "error").write_text(outcome.out + outcome.err)
    assert found_in(tmp_path / "said") == []


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(gzip.compress(base64.b64encode(f"{USER}:{password('pip')}".encode())))
    (tmp_path / "url").write_text(quote(password("netrc"), safe=""))
    (tmp_path / "nothing").write_text("nothing")

    assert sorted(Path(path).name for path in found_in(tmp_path)) == ["blob", "url"]
