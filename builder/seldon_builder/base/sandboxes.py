"""The ways in which a program can be run among the files of an unpacked image."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..errors.base import BytecodeImpossible, InterpreterFailed
from ..interpreter import SHARED

PROGRAMS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NOBODY = 65534
_CAP_SYS_CHROOT = 18
_NO_WAY = "it allows neither chroot (only root may) nor user namespaces, and no Docker engine answers"
# In a mount namespace of its own: the image's files read-only, the shared folder, and of the machine only
# names' resolution and harmless devices. $1 root, $2 shared, $3 its place, $4 mount, $5 chroot, the command.
_MOUNT_AND_RUN = """set -e
unset PWD
root=$1 shared=$2 place=$3 mount=$4 chroot=$5
shift 5
$mount --bind "$root" "$root"
$mount -t tmpfs tmpfs "$root/tmp"
$mount -t tmpfs tmpfs "$root/dev"
for name in null zero full random urandom; do
    : > "$root/dev/$name"
    $mount --bind "/dev/$name" "$root/dev/$name"
done
$mount -t proc -o ro proc "$root/proc" 2>/dev/null || $mount --rbind /proc "$root/proc"
for name in resolv.conf hosts; do
    [ ! -e "/etc/$name" ] || $mount --bind "/etc/$name" "$root/etc/$name"
done
$mount --bind "$shared" "$root$place"
$mount -o remount,bind,ro "$root" 2>/dev/null || :
exec $chroot "$root" "$@"
"""


@dataclass(frozen=True)
class Run:
    """A program of the image's, its whole environment, and the folder it shares with this machine, if any.

    Without a shared folder it sees nothing but the image's files; with one, the machine's network too.
    """

    program: Sequence[str]
    environment: Mapping[str, str]
    shared: Path | None = None


class Way(Protocol):
    """How a program is started among the files of an image."""

    def command(self, run: Run) -> list[str]:
        """Return the command of this machine that does ``run``."""

    def environment(self, run: Run) -> dict[str, str]:
        """Return the environment that the command itself needs."""


@dataclass(frozen=True)
class Chroot:
    """Root's way: nobody's rights, and no file of the image that nobody could change."""

    root: Path

    def command(self, run: Run) -> list[str]:
        """Return the command of this machine that does ``run``."""
        if run.shared is None:
            return [
                tool("chroot"),
                f"--userspec={_NOBODY}:{_NOBODY}",
                "--groups=",
                str(self.root),
                *run.program,
            ]
        # Root of a user namespace owns the shared files and nothing else of the machine.
        return _mounted(self.root, run, is_user=may_make_namespaces())

    def environment(self, run: Run) -> dict[str, str]:
        """Return the environment that the command itself needs."""
        return dict(run.environment)


@dataclass(frozen=True)
class Namespace:
    """A user's way: root of a user namespace."""

    root: Path

    def command(self, run: Run) -> list[str]:
        """Return the command of this machine that does ``run``."""
        if run.shared is not None:
            return _mounted(self.root, run, is_user=True)
        enter = [tool("unshare"), "--user", "--map-root-user", "--net"]
        return [*enter, tool("chroot"), str(self.root), *run.program]

    def environment(self, run: Run) -> dict[str, str]:
        """Return the environment that the command itself needs."""
        return dict(run.environment)


@dataclass(frozen=True)
class Container:
    """The last way: a container, from an image that the engine makes of the unpacked files."""

    docker: str
    root: Path
    name: str

    def command(self, run: Run) -> list[str]:
        """Return the command of this machine that does ``run``."""
        self._import()
        # Values stand in docker's own environment: a command line is for every user to read.
        names = [f"--env={name}" for name in run.environment]
        caged = ["--read-only", "--tmpfs=/tmp:exec", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
        return [
            self.docker,
            "run",
            "--rm",
            "--interactive",
            *caged,
            *self._access(run),
            *names,
            self.name,
            *run.program,
        ]

    def environment(self, run: Run) -> dict[str, str]:
        """Return the environment that the command itself needs."""
        return {"PATH": PROGRAMS, **run.environment}

    def _access(self, run: Run) -> list[str]:
        if run.shared is None:
            return ["--network=none", f"--user={_NOBODY}:{_NOBODY}"]
        # The engine would otherwise leave files of root's in the shared folder.
        owner = run.shared.stat()
        return [
            "--network=host",
            f"--user={owner.st_uid}:{owner.st_gid}",
            f"--volume={run.shared.absolute()}:{SHARED}",
        ]

    def _import(self) -> None:
        """Let the engine make its image of the unpacked files, once."""
        known = subprocess.run([self.docker, "image", "inspect", self.name], capture_output=True, check=False)
        if not known.returncode:
            return
        owner = ["--owner=0", "--group=0", "--numeric-owner"]
        packing = [tool("tar"), "--create", *owner, f"--directory={self.root}", "."]
        with subprocess.Popen(packing, stdout=subprocess.PIPE) as tar:
            command = [self.docker, "import", "-", self.name]
            taken = subprocess.run(command, stdin=tar.stdout, capture_output=True, check=False)
        if taken.returncode or tar.returncode:
            raise InterpreterFailed(self.name, taken.stderr.decode(errors="replace").strip())


def best_way(root: Path, name: str, version: str) -> Way:
    """Return the first way that this machine allows; ``name`` is for an image of the engine's."""
    if os.geteuid() == 0 and _may_chroot():
        return Chroot(root)
    if may_make_namespaces():
        return Namespace(root)
    docker = shutil.which("docker", path=PROGRAMS)
    if docker and not subprocess.run([docker, "version"], capture_output=True, check=False).returncode:
        return Container(docker, root, name)
    raise BytecodeImpossible(version or "of the base image", _NO_WAY)


def _may_chroot() -> bool:
    # Root of a container may lack the capability.
    status = Path("/proc/self/status").read_text()
    capabilities = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(capabilities, 16) >> _CAP_SYS_CHROOT & 1)


def may_make_namespaces() -> bool:
    """Tell by a trial whether this user may be root of a user namespace: many settings can forbid it."""
    unshare, true = shutil.which("unshare", path=PROGRAMS), shutil.which("true", path=PROGRAMS)
    if unshare is None or true is None:
        return False
    trial = [unshare, "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork", true]
    return not subprocess.run(trial, capture_output=True, check=False).returncode


def _mounted(root: Path, run: Run, *, is_user: bool) -> list[str]:
    assert run.shared is not None
    user = ["--user", "--map-root-user"] if is_user else []
    # A child of a namespace of processes dies with it, so nothing outlives a build that is interrupted.
    enter = [tool("unshare"), *user, "--mount", "--pid", "--fork", "--kill-child"]
    places = [str(root), str(run.shared.absolute()), SHARED, tool("mount"), tool("chroot")]
    return [*enter, tool("sh"), "-c", _MOUNT_AND_RUN, "sh", *places, *run.program]


def tool(name: str) -> str:
    """Return the path of a system program; InterpreterFailed where it is not installed."""
    found = shutil.which(name, path=PROGRAMS)
    if found is None:
        raise InterpreterFailed(
            "python", f"{name} is not installed", hint=f"install {name} (coreutils, util-linux)"
        )
    return found
