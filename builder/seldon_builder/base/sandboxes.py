"""The ways in which a program is locked in among the files of an unpacked image."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..errors.base import BytecodeImpossible, InterpreterFailed
from ..interpreter import SHARED

PROGRAMS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NOBODY = 65534
_NO_WAY = "it allows neither chroot (only root may) nor user namespaces, and no Docker engine answers"
# In a mount namespace of its own. The image's files end up read-only: `remount` repeats what the disk of the
# store forbids already, as it must, and any step that fails ends it all. With a shared folder come harmless
# devices and, where it also has the network, names' resolution (copies: root's own files would be writable to
# it), but no /proc, whose /proc/sys obeys whoever has root's number; and limits: of processes, of what a file
# may hold, and where memory ends it is the first to go. (dash has -p for processes, bash -u.)
# $1 root, $2 shared, $3 its place, $4 its new owner, $5 files to copy, $6 to $8 tools, then the command.
_LOCK_AND_RUN = """set -e
unset PWD
root=$1 shared=$2 place=$3 owner=$4 names=$5 mount=$6 cp=$7 chown=$8
shift 8
$mount --bind "$root" "$root"
if [ -n "$shared" ]; then
    echo 1000 2>/dev/null > /proc/self/oom_score_adj || :
    ulimit -p 4096 2>/dev/null || ulimit -u 4096 2>/dev/null || :
    ulimit -f 16777216 2>/dev/null || :
    $mount -t tmpfs -o size=2g tmpfs "$root/tmp"
    $mount -t tmpfs -o size=1m tmpfs "$root/dev"
    for name in null zero full random urandom; do
        : > "$root/dev/$name"
        $mount --bind "/dev/$name" "$root/dev/$name"
    done
    for name in $names; do
        if [ -e "/etc/$name" ]; then
            $cp "/etc/$name" "$root/dev/$name"
            $mount --bind "$root/dev/$name" "$root/etc/$name"
        fi
    done
    [ -z "$owner" ] || $chown -R -h "$owner" "$shared"
    $mount --bind "$shared" "$root$place"
fi
$mount -o remount,bind,ro,nosuid,nodev "$root"
exec "$@"
"""


# The same for a container, which can have a limit of memory too.
_MEMORY = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 3 // 4
_LIMITS = (
    "--oom-score-adj=1000",
    "--pids-limit=4096",
    "--ulimit=fsize=8589934592",
    f"--memory={_MEMORY}",
    f"--memory-swap={_MEMORY}",
)


@dataclass(frozen=True)
class Run:
    """A program of the image's, its whole environment, and the folder it shares with this machine, if any.

    Without a shared folder it sees nothing but the image's files. ``network`` lets it use the machine's;
    ``name`` is what a container of it is called.
    """

    program: Sequence[str]
    environment: Mapping[str, str]
    shared: Path | None = None
    network: bool = False
    name: str = ""


class Sandbox(Protocol):
    """How a program is started among the files of an image, which it can neither change nor leave."""

    @property
    def root(self) -> Path:
        """The folder with the image's files."""

    def is_allowed(self) -> bool:
        """Tell by a trial whether this machine allows it: many settings can forbid it."""

    def command(self, run: Run) -> list[str]:
        """Return the command of this machine that does ``run``."""

    def environment(self, run: Run) -> dict[str, str]:
        """Return the environment that the command itself needs."""


@dataclass(frozen=True)
class RootNamespaces:
    """Real root's way: nobody's rights in namespaces of its own, without network unless it is asked for.

    The shared folder becomes nobody's.
    """

    root: Path

    def is_allowed(self) -> bool:
        """Tell by a trial whether this machine allows it: root of a container may do little."""
        return os.geteuid() == 0 and _is_allowed(self._locked, self.root)

    def command(self, run: Run) -> list[str]:
        """Return the command of this machine that does ``run``."""
        return self._locked(run, self.root)

    def environment(self, run: Run) -> dict[str, str]:
        """Return the environment that the command itself needs."""
        return dict(run.environment)

    def _locked(self, run: Run, inside: Path) -> list[str]:
        return _locked(self.root, run, [], _as_nobody(inside), owner=f"{_NOBODY}:{_NOBODY}")


@dataclass(frozen=True)
class UserNamespaces:
    """A user's way: as root of a user namespace it prepares, as nobody of one below that the program runs.

    The program has the user's own rights on the shared folder, and none of root's: whoever is not root of
    its namespace loses every capability with the program's start. No network unless it is asked for.
    """

    root: Path

    def is_allowed(self) -> bool:
        """Tell by a trial whether this machine allows it: many settings can forbid it."""
        return _is_allowed(self._locked, self.root)

    def command(self, run: Run) -> list[str]:
        """Return the command of this machine that does ``run``."""
        return self._locked(run, self.root)

    def environment(self, run: Run) -> dict[str, str]:
        """Return the environment that the command itself needs."""
        return dict(run.environment)

    def _locked(self, run: Run, inside: Path) -> list[str]:
        leave = [tool("unshare"), "--user", f"--map-user={_NOBODY}", f"--root={inside}", "--wd=/"]
        return _locked(self.root, run, ["--user", "--map-root-user"], leave)


@dataclass(frozen=True)
class PlainChroot:
    """Root's way where it may not make namespaces, as in most containers: nobody's rights, nothing more.

    The program can reach the network, and the unpacked files are safe only since nobody may write them. It
    can share no folder.
    """

    root: Path

    def is_allowed(self) -> bool:
        """Tell by a trial whether this is root that may chroot: root of a container may lack the right."""
        return os.geteuid() == 0 and _is_allowed(self._locked, self.root)

    def command(self, run: Run) -> list[str]:
        """Return the command of this machine that does ``run``; InterpreterFailed if it shares a folder."""
        if run.shared is not None:
            complaint = (
                "Root of this machine may not mount, so the interpreter cannot share a folder with it."
            )
            raise InterpreterFailed(run.program[0], complaint, hint="let uv resolve (--engine uv)")
        return self._locked(run, self.root)

    def environment(self, run: Run) -> dict[str, str]:
        """Return the environment that the command itself needs."""
        return dict(run.environment)

    def _locked(self, run: Run, inside: Path) -> list[str]:
        return [*_without_new_rights(), *_as_nobody(inside), *run.program]


@dataclass(frozen=True)
class Container:
    """The last way: a container, from an image that the engine makes of the unpacked files.

    The image of this ``name`` is removed when this process ends, but where it ``is_kept`` for the next one.
    """

    docker: str
    root: Path
    name: str
    is_kept: bool = False

    def is_allowed(self) -> bool:
        """Tell whether a Docker engine answers."""
        return bool(self.docker) and _succeeds([self.docker, "version"])

    def command(self, run: Run) -> list[str]:
        """Return the command of this machine that does ``run``."""
        with _IMPORTING, _alone_with(self.root):
            self._import()
        # Values stand in docker's own environment: a command line is for every user to read.
        names = [f"--env={name}" for name in run.environment]
        caged = ["--read-only", "--tmpfs=/tmp:exec,size=2g", "--cap-drop=ALL"]
        caged += ["--security-opt=no-new-privileges", *_LIMITS]
        once = [self.docker, "run", "--rm", "--pull=never", "--interactive"]
        once += [f"--name={run.name}"] if run.name else []
        network = f"--network={'host' if run.network else 'none'}"
        return [*once, *caged, network, *self._access(run), *names, self.name, *run.program]

    def environment(self, run: Run) -> dict[str, str]:
        """Return the environment that the command itself needs."""
        return {"PATH": PROGRAMS, **run.environment}

    def _access(self, run: Run) -> list[str]:
        if run.shared is None:
            return [f"--user={_NOBODY}:{_NOBODY}"]
        # The engine would otherwise leave files of root's in the shared folder.
        owner = run.shared.stat()
        return [
            f"--user={owner.st_uid}:{owner.st_gid}",
            f"--volume={run.shared.absolute()}:{SHARED}",
        ]

    def _import(self) -> None:
        """Let the engine make its image of the unpacked files, once for this process."""
        if _succeeds([self.docker, "image", "inspect", self.name]):
            return
        owner = ["--owner=0", "--group=0", "--numeric-owner"]
        packing = [tool("tar"), "--create", *owner, f"--directory={self.root}", "."]
        with subprocess.Popen(packing, stdout=subprocess.PIPE) as tar:
            command = [self.docker, "import", "-", self.name]
            taken = subprocess.run(command, stdin=tar.stdout, capture_output=True, check=False)
        # 1 tells that something changed meanwhile: the time of the folder itself, when another build uses it.
        if taken.returncode or tar.returncode > 1:
            raise InterpreterFailed(self.name, taken.stderr.decode(errors="replace").strip())
        if not self.is_kept:
            atexit.register(_succeeds, [self.docker, "image", "rm", self.name])


_IMPORTING = threading.Lock()


@contextmanager
def _alone_with(root: Path) -> Iterator[None]:
    """Let other processes wait that would import the same files: of two images one would stay nameless."""
    folder = os.open(root, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def best_sandbox(root: Path, name: str, version: str) -> Sandbox:
    """Return the first way that this machine allows; ``name`` is for an image of the engine's."""
    for sandbox in _sandboxes(root, name):
        if sandbox.is_allowed():
            return sandbox
    raise BytecodeImpossible(version or "of the base image", _NO_WAY)


def _sandboxes(root: Path, name: str) -> Iterator[Sandbox]:
    yield RootNamespaces(root)
    yield UserNamespaces(root)
    yield PlainChroot(root)
    # An image of this process alone can be removed without asking who else runs it.
    yield Container(shutil.which("docker", path=PROGRAMS) or "", root, f"{name}-{os.getpid()}")


def _is_allowed(locked: Callable[[Run, Path], list[str]], root: Path) -> bool:
    """Let a program of this machine run as one of the image's would."""
    # A `noexec` mount would hold for the image's programs and not for this one.
    if os.statvfs(root).f_flag & os.ST_NOEXEC:
        return False
    try:
        return _succeeds(locked(Run([tool("true")], {}), Path("/")))
    except InterpreterFailed:
        return False


def _succeeds(command: Sequence[str]) -> bool:
    return not subprocess.run(command, capture_output=True, check=False).returncode


def _locked(root: Path, run: Run, user: Sequence[str], leave: Sequence[str], *, owner: str = "") -> list[str]:
    network = [] if run.network else ["--net"]
    # A child of a namespace of processes dies with it, so nothing outlives a build that is interrupted.
    enter = [tool("unshare"), *user, *network, "--mount", "--ipc", "--pid", "--fork", "--kill-child"]
    shared = str(run.shared.absolute()) if run.shared else ""
    names = "resolv.conf hosts" if run.network else ""
    values = [str(root), shared, SHARED, owner, names, tool("mount"), tool("cp"), tool("chown")]
    return [
        *enter, tool("sh"), "-c", _LOCK_AND_RUN, "sh", *values,
        *_without_new_rights(), *leave, *run.program,
    ]  # fmt: skip


def _as_nobody(inside: Path) -> list[str]:
    # To change its user from root's takes every capability from a process.
    return [tool("chroot"), f"--userspec={_NOBODY}:{_NOBODY}", "--groups=", str(inside)]


def _without_new_rights() -> list[str]:
    # No file, whatever is set on it, gives rights to what is started after this.
    return [tool("setpriv"), "--no-new-privs"]


def tool(name: str) -> str:
    """Return the path of a system program; InterpreterFailed where it is not installed."""
    found = shutil.which(name, path=PROGRAMS)
    if found is None:
        raise InterpreterFailed(
            "python", f"{name} is not installed", hint=f"install {name} (coreutils, util-linux)"
        )
    return found
