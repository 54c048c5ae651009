"""Running the base image's own Python: as root, as a user, in a container."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from seldon_builder.base import Base, rootfs_interpreter, sandboxes
from seldon_builder.base.debian import host_architecture
from seldon_builder.base.rootfs_interpreter import RootfsInterpreter, interpreter_for, interpreter_in
from seldon_builder.base.sandboxes import Chroot, Container, Namespace, Run, Way, best_way
from seldon_builder.errors.base import BytecodeImpossible, InterpreterFailed
from seldon_builder.events import silent
from seldon_builder.interpreter import SHARED, Interpreter
from seldon_builder.store import Store

from . import bases

pytestmark = pytest.mark.network
USER = 12345
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may chroot")
LOOK = """
import json, os, socket, sys
def network():
    try:
        with socket.socket() as probe:
            probe.connect(("127.0.0.1", %d))
        return True
    except OSError:
        return False
print(json.dumps({
    "version": "%%d.%%d.%%d" %% sys.version_info[:3], "environment": dict(os.environ), "cwd": os.getcwd(),
    "shared": os.path.isdir("/mnt/seldon") and os.listdir("/mnt/seldon"), "user": os.getuid(),
    "hosts": open("/etc/hosts").read(), "dev": os.listdir("/dev"), "network": network(),
}))
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return bases.debian(tmp_path_factory)


@pytest.fixture(scope="module")
def container(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    name = f"seldon-test-rootfs:{os.getpid()}"
    yield Container("/usr/bin/docker", base.rootfs(), name)
    subprocess.run(["/usr/bin/docker", "image", "rm", "--force", name], capture_output=True, check=False)


@pytest.fixture(
    params=[
        pytest.param("chroot", marks=NEEDS_ROOT),
        "namespace",
        pytest.param("container", marks=pytest.mark.docker),
    ]
)
def interpreter(request: pytest.FixtureRequest, base: Base) -> Interpreter:
    if request.param == "container":
        request.getfixturevalue("docker_host")
        way = request.getfixturevalue("container")
    else:
        way = {"chroot": Chroot, "namespace": Namespace}[request.param](base.rootfs())
    return RootfsInterpreter(way, base.target.python_path, base.target.python_version)


def run(interpreter: Interpreter, program: str, data: bytes = b"", **options: Any) -> bytes:
    with io.BytesIO() as output:
        options.setdefault("environment", {"PYTHONHASHSEED": "0"})
        interpreter.run(["-c", program], stdin=io.BytesIO(data), stdout=output, **options)
        return output.getvalue()


def test_without_a_shared_folder_it_sees_nothing_but_the_image(
    interpreter: Interpreter, listener: int
) -> None:
    seen = json.loads(run(interpreter, LOOK % listener))

    assert seen["version"] == interpreter.version
    assert seen["hosts"] != Path("/etc/hosts").read_text()
    assert not seen["shared"]


def test_only_the_given_variables_reach_it(interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_THE_CALLER", "1")
    seen = json.loads(run(interpreter, LOOK % 1, environment={"PYTHONHASHSEED": "0", "MINE": "a=b c"}))

    # The first is Python's own, the others are the container engine's.
    assert set(seen["environment"]) - {"LC_CTYPE", "PATH", "HOME", "HOSTNAME"} == {"PYTHONHASHSEED", "MINE"}
    assert seen["environment"]["MINE"] == "a=b c"


def test_a_shared_folder_is_writable_and_the_network_is_there(
    interpreter: Interpreter, listener: int, tmp_path: Path
) -> None:
    (tmp_path / "in").write_text("in")
    program = f"open('{SHARED}/out', 'w').write(open('{SHARED}/in').read())\n"

    seen = json.loads(run(interpreter, program + LOOK % listener, shared=tmp_path))

    assert (tmp_path / "out").read_text() == "in"
    assert (tmp_path / "out").stat().st_uid == tmp_path.stat().st_uid
    assert seen["network"]
    assert {"null", "urandom"} <= set(seen["dev"])


def test_the_image_s_files_stay_as_they_are(interpreter: Interpreter, base: Base, tmp_path: Path) -> None:
    attempt = "import os\ntry: open('/usr/lib/marker', 'w')\nexcept OSError: print('refused')"

    assert run(interpreter, attempt, shared=tmp_path) == b"refused\n"
    assert not (base.rootfs() / "usr/lib/marker").exists()


def test_much_goes_in_and_out(interpreter: Interpreter) -> None:
    data = os.urandom(1 << 22)

    assert run(interpreter, "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())", data) == data


def test_real_files_are_read_and_written_in_place(interpreter: Interpreter, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"before" + bytes(1 << 20))
    with (tmp_path / "in").open("rb", buffering=0) as source, (tmp_path / "out").open("wb") as sink:
        source.seek(6)
        program = "import sys; print(len(sys.stdin.buffer.read()))"
        interpreter.run(["-c", program], stdin=source, stdout=sink, environment={})

    assert (tmp_path / "out").read_text() == f"{1 << 20}\n"


def test_an_error_carries_what_python_said(interpreter: Interpreter) -> None:
    with pytest.raises(InterpreterFailed, match="ZeroDivisionError"):
        run(interpreter, "1/0")


@NEEDS_ROOT
def test_root_hands_over_its_rights(base: Base) -> None:
    seen = json.loads(run(RootfsInterpreter(Chroot(base.rootfs()), "/usr/bin/python3", ""), LOOK % 1))

    assert seen["user"] == 65534


def test_a_user_s_namespace_has_no_network(base: Base, listener: int) -> None:
    seen = json.loads(
        run(RootfsInterpreter(Namespace(base.rootfs()), "/usr/bin/python3", ""), LOOK % listener)
    )

    assert not seen["network"]


@NEEDS_ROOT
@pytest.mark.parametrize("is_shared", [False, True])
def test_a_normal_user_needs_no_root(public_root: Path, listener: int, is_shared: bool) -> None:
    shared = public_root.parent / "shared"
    shared.mkdir()
    os.chown(shared, USER, USER)
    program = [
        "/usr/bin/python3",
        "-B",
        "-c",
        f"import os; open('{SHARED}/out', 'w') if {is_shared} else 0\n",
    ]
    program[-1] += LOOK % listener
    command = Namespace(public_root).command(Run(program, {}, shared if is_shared else None))

    found = subprocess.run(
        command, user=USER, group=USER, extra_groups=[], env={}, capture_output=True, check=True
    )

    assert json.loads(found.stdout)["network"] == is_shared
    assert [path.stat().st_uid for path in shared.iterdir()] == [USER] * is_shared


@pytest.mark.parametrize(
    ("user", "may_namespace", "docker", "expected"),
    [(0, True, True, Chroot), (1, True, True, Namespace), (1, False, True, Container)],
)
@pytest.mark.docker
def test_the_first_way_that_works_is_taken(
    user: int, may_namespace: bool, docker: bool, expected: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(sandboxes, "may_make_namespaces", lambda: may_namespace)

    assert isinstance(best_way(Path("/"), "name", ""), expected)


def test_without_any_way_the_option_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1)
    monkeypatch.setattr(sandboxes, "PROGRAMS", str(tmp_path))

    with pytest.raises(BytecodeImpossible, match="--no-bytecode"):
        best_way(tmp_path, "name", "3.13.5")


def test_a_foreign_base_without_a_twin_of_its_version_gets_no_bytecode(base: Base, tmp_path: Path) -> None:
    target = replace(base.target, architecture=bases.FOREIGN, python_version="3.13.99")
    foreign = replace(base, target=target)

    with pytest.raises(BytecodeImpossible, match="has no twin"):
        interpreter_for(foreign, Store(tmp_path), silent)
    with pytest.raises(
        BytecodeImpossible, match=f"has Python {base.target.python_version}.*\n.*--no-bytecode"
    ):
        interpreter_for(replace(foreign, twin=lambda: base), Store(tmp_path), silent)


def test_a_base_of_this_machine_runs_its_own(base: Base, tmp_path: Path) -> None:
    assert base.target.architecture == host_architecture()
    assert interpreter_for(base, Store(tmp_path), silent) == interpreter_in(
        base.rootfs(), base.image, base.target.python_path, base.target.python_version
    )


def test_streams_without_a_file_are_copied() -> None:
    with io.BytesIO(b"data") as stream, rootfs_interpreter._readable(stream) as file:
        assert os.pread(file.fileno(), 4, 0) == b"data"


@pytest.fixture
def listener() -> Iterator[int]:
    """The port of something that listens on this machine."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def public_root(base: Base) -> Iterator[Path]:
    """The base's files where every user can reach them."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        copy: Sequence[str] = ("cp", "--archive", "--link", str(base.rootfs()), f"{name}/root")
        subprocess.run(copy, check=True)
        yield Path(name) / "root"
