"""Running the base image's own Python: as root, as a user, in a container."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from seldon_builder.base import Base, rootfs_interpreter, sandboxes
from seldon_builder.base.debian import host_architecture
from seldon_builder.base.rootfs_interpreter import RootfsInterpreter, interpreter_for, interpreter_in
from seldon_builder.base.sandboxes import (
    Container,
    PlainChroot,
    RootNamespaces,
    Run,
    Sandbox,
    UserNamespaces,
    best_sandbox,
)
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

# Each act that should fail; stdin names a file of the machine that must stay out of reach.
ESCAPE = """
import ctypes, json, os, sys
outside = sys.stdin.read()
done = []
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    if getattr(libc, name)(*arguments):
        raise OSError(ctypes.get_errno(), name)
def climb():
    handle = os.open("/", os.O_RDONLY)
    os.chroot("/usr")
    os.fchdir(handle)
    for _ in range(64):
        os.chdir("..")
    os.chroot(".")
def climb_without_chroot():
    for _ in range(64):
        os.chdir("..")
    os.stat(outside.lstrip("/"))
def reach():
    os.stat(outside)
def remount():
    call("mount", None, b"/", None, 32 | 4096, None)
def unmount():
    call("umount2", b"/usr", 2)
def mount():
    call("mount", b"tmpfs", b"/usr", b"tmpfs", 0, None)
def new_user_namespace():
    call("unshare", 0x10000000)
def new_mount_namespace():
    call("unshare", 0x00020000)
def make_device():
    os.mknod("/tmp/disk", 0o60600, os.makedev(8, 0))
def become_root():
    os.setuid(0)
    os.chroot('/usr')
def write():
    open("/usr/lib/marker", "w")
def write_temporary():
    open("/var/tmp/marker", "w")
def write_home():
    open("/home/seldon/marker", "w")
def change():
    os.chmod("/usr/bin/python3", 0o777)
def remove():
    os.unlink("/etc/passwd")
def touch():
    os.utime("/usr/bin/python3")
def set_the_machine():
    open("/proc/sys/kernel/core_pattern", "w")
for act in (climb, climb_without_chroot, reach, remount, unmount, mount, new_user_namespace,
            new_mount_namespace, make_device, become_root, write, write_temporary, write_home, change,
            remove, touch, set_the_machine):
    try:
        act()
        done.append(act.__name__)
    except OSError:
        pass
sys.stdout.write(json.dumps(done))
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return bases.debian(tmp_path_factory)


@pytest.fixture(scope="module")
def container(base: Base) -> Iterator[Sandbox]:
    name = f"seldon-test-rootfs:{os.getpid()}"
    yield Container("/usr/bin/docker", base.rootfs(), name)
    subprocess.run(["/usr/bin/docker", "image", "rm", "--force", name], capture_output=True, check=False)


@pytest.fixture(
    params=[
        pytest.param(RootNamespaces, marks=NEEDS_ROOT),
        UserNamespaces,
        pytest.param(PlainChroot, marks=NEEDS_ROOT),
        pytest.param(Container, marks=pytest.mark.docker),
    ]
)
def sandbox(request: pytest.FixtureRequest, base: Base) -> Sandbox:
    if request.param is Container:
        request.getfixturevalue("docker_host")
        found: Sandbox = request.getfixturevalue("container")
    else:
        found = request.param(base.rootfs())
    assert found.is_allowed()
    return found


@pytest.fixture
def interpreter(sandbox: Sandbox, base: Base) -> Interpreter:
    return RootfsInterpreter(sandbox, base.target.python_path, base.target.python_version)


@pytest.fixture
def sharing(interpreter: RootfsInterpreter) -> RootfsInterpreter:
    if isinstance(interpreter.sandbox, PlainChroot):
        pytest.skip("it can share no folder")
    return interpreter


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
    sharing: Interpreter, listener: int, tmp_path: Path
) -> None:
    (tmp_path / "in").write_text("in")
    program = f"open('{SHARED}/out', 'w').write(open('{SHARED}/in').read())\n"

    seen = json.loads(run(sharing, program + LOOK % listener, shared=tmp_path))

    assert (tmp_path / "out").read_text() == "in"
    assert (tmp_path / "out").stat().st_uid == tmp_path.stat().st_uid
    assert seen["network"]
    assert {"null", "urandom"} <= set(seen["dev"])


def state(root: Path) -> dict[str, tuple[int, ...]]:
    """What of every file would show that it was touched."""
    found = ((str(path), path.lstat()) for path in root.rglob("*"))
    return {name: (stat.st_mode, stat.st_uid, stat.st_size, stat.st_mtime_ns) for name, stat in found}


@pytest.mark.parametrize("is_shared", [False, True])
def test_it_can_neither_leave_its_files_nor_change_them(
    interpreter: RootfsInterpreter, base: Base, tmp_path: Path, is_shared: bool
) -> None:
    if is_shared and isinstance(interpreter.sandbox, PlainChroot):
        pytest.skip("it can share no folder")
    marker = tmp_path / "outside"
    marker.write_text("secret")
    shared = tmp_path / "shared"
    shared.mkdir()
    before = state(base.rootfs())

    done = run(interpreter, ESCAPE, str(marker).encode(), shared=shared if is_shared else None)

    assert json.loads(done) == []
    assert state(base.rootfs()) == before


def test_only_a_plain_chroot_reaches_the_network_without_sharing(
    interpreter: RootfsInterpreter, listener: int
) -> None:
    seen = json.loads(run(interpreter, LOOK % listener))

    assert seen["network"] == isinstance(interpreter.sandbox, PlainChroot)


@NEEDS_ROOT
def test_a_plain_chroot_refuses_to_share(base: Base, tmp_path: Path) -> None:
    interpreter = RootfsInterpreter(PlainChroot(base.rootfs()), base.target.python_path, "")

    with pytest.raises(InterpreterFailed, match="--engine uv"):
        run(interpreter, "", shared=tmp_path)


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
@pytest.mark.parametrize("kind", [RootNamespaces, PlainChroot])
def test_root_hands_over_its_rights(base: Base, kind: Callable[[Path], Sandbox]) -> None:
    seen = json.loads(run(RootfsInterpreter(kind(base.rootfs()), "/usr/bin/python3", ""), LOOK % 1))

    assert seen["user"] == 65534


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
    asked = Run(program, {}, shared if is_shared else None, network=is_shared)
    command = UserNamespaces(public_root).command(asked)

    found = subprocess.run(
        command, user=USER, group=USER, extra_groups=[], env={}, capture_output=True, check=True
    )

    assert json.loads(found.stdout)["network"] == is_shared
    assert [path.stat().st_uid for path in shared.iterdir()] == [USER] * is_shared


@NEEDS_ROOT
@pytest.mark.parametrize("is_shared", [False, True])
@pytest.mark.parametrize("flags", ["rw", "nosuid,nodev,noatime"])
def test_a_normal_user_s_python_stays_where_it_is(
    public_root: Path, tmp_path: Path, flags: str, is_shared: bool
) -> None:
    shared = public_root.parent / "shared"
    shared.mkdir()
    os.chown(shared, USER, USER)
    # Where user namespaces meet a disk whose mount forbids something, they must repeat it.
    mounted = f'mount --bind "$0" "$0" && mount -o remount,bind,{flags} "$0" && exec "$@"'
    user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    asked = Run(["/usr/bin/python3", "-B", "-c", ESCAPE], {}, shared if is_shared else None)
    command = ["unshare", "--mount", "sh", "-c", mounted, str(public_root), *user]
    before = state(public_root)

    found = subprocess.run(
        [*command, *UserNamespaces(public_root).command(asked)],
        input=str(tmp_path).encode(),
        capture_output=True,
        check=False,
    )

    assert (found.stdout, found.stderr) == (b"[]", b"")
    assert state(public_root) == before


@NEEDS_ROOT
@pytest.mark.docker
def test_files_that_the_disk_forbids_to_run_are_run_elsewhere(docker_host: str, public_root: Path) -> None:
    assert docker_host
    forbidden = 'mount --bind "$0" "$0" && mount -o remount,bind,noexec "$0" && exec "$@"'
    ask = (
        "import sys; from pathlib import Path; from seldon_builder.base.sandboxes import best_sandbox\n"
        "print(type(best_sandbox(Path(sys.argv[1]), 'name', '')).__name__)"
    )
    command = ["unshare", "--mount", "sh", "-c", forbidden, str(public_root), sys.executable, "-c", ask]

    found = subprocess.run([*command, str(public_root)], capture_output=True, text=True, check=True)

    assert found.stdout == "Container\n"


@NEEDS_ROOT
def test_what_the_caller_may_not_do_is_found_out_by_a_trial(public_root: Path) -> None:
    # Root without this capability is what root of most containers is.
    ask = (
        "import sys; from pathlib import Path; from seldon_builder.base import sandboxes\n"
        "root = Path(sys.argv[1])\n"
        "kinds = sandboxes.RootNamespaces, sandboxes.PlainChroot\n"
        "print([kind(root).is_allowed() for kind in kinds])"
    )
    command = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", sys.executable, "-c", ask]

    found = subprocess.run([*command, str(public_root)], capture_output=True, text=True, check=True)

    assert found.stdout == "[False, True]\n"


@pytest.mark.parametrize("allowed", [RootNamespaces, UserNamespaces, PlainChroot, Container])
def test_the_first_way_that_works_is_taken(allowed: type, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [RootNamespaces, UserNamespaces, PlainChroot, Container]
    for kind in kinds:
        works = kinds.index(kind) >= kinds.index(allowed)
        monkeypatch.setattr(kind, "is_allowed", lambda _, works=works: works)

    assert isinstance(best_sandbox(Path("/"), "name", ""), allowed)


@pytest.mark.docker
def test_the_engine_keeps_no_image_of_the_files(docker_host: str, tmp_path: Path) -> None:
    assert docker_host
    name = f"seldon-test-rootfs:gone-{os.getpid()}"
    ask = (
        "import sys; from pathlib import Path\n"
        "from seldon_builder.base.sandboxes import Container, Run\n"
        "Container('/usr/bin/docker', Path(sys.argv[1]), sys.argv[2]).command(Run(['x'], {}))\n"
        "import subprocess; subprocess.run(['/usr/bin/docker', 'image', 'inspect', sys.argv[2]], check=True)"
    )
    (tmp_path / "file").write_text("content")

    subprocess.run([sys.executable, "-c", ask, str(tmp_path), name], capture_output=True, check=True)

    left = ["/usr/bin/docker", "image", "ls", "--quiet", name]
    assert not subprocess.run(left, capture_output=True, check=True).stdout


def test_without_any_way_the_option_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sandboxes, "PROGRAMS", str(tmp_path))

    with pytest.raises(BytecodeImpossible, match="--no-bytecode"):
        best_sandbox(tmp_path, "name", "3.13.5")


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
        base.rootfs(), base.target.python_path, base.target.python_version, base.identity
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
