"""The base image that is made from Debian."""

from __future__ import annotations

import argparse
import gzip
import subprocess
import tarfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from seldon_builder.base import Base, bootstrap, debian
from seldon_builder.base.debian import debian_base, host_architecture
from seldon_builder.base.tree import tree_of
from seldon_builder.cli import base as cli_base
from seldon_builder.cli.caller import Caller
from seldon_builder.errors.base import BaseNotMade, BootstrapMissing
from seldon_builder.errors.resolution import OfflineMissing
from seldon_builder.events import Event, EventKind, silent
from seldon_builder.image import EPOCH, Image
from seldon_builder.store import Store

from . import bases

pytestmark = pytest.mark.network
LIMIT = 120_000_000


@dataclass(frozen=True)
class Files:
    """What is in an image's one layer."""

    members: dict[str, tarfile.TarInfo]
    contents: dict[str, bytes]

    @classmethod
    def of(cls, image: Image) -> Files:
        members, contents = {}, {}
        with (
            image.layers[0].open() as blob,
            gzip.GzipFile(fileobj=blob) as plain,
            tarfile.open(fileobj=plain, mode="r|") as archive,
        ):
            for info in archive:
                members[info.name] = info
                if info.isfile() and (info.name.startswith("etc/") or info.name.endswith(".pyc")):
                    content = archive.extractfile(info)
                    assert content
                    contents[info.name] = content.read()
        return cls(members, contents)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return bases.debian(tmp_path_factory)


@pytest.fixture(scope="module")
def files(base: Base) -> Files:
    return Files.of(base.image)


def test_the_base_is_small(base: Base) -> None:
    assert sum(layer.unpacked_size for layer in base.image.layers) < LIMIT


def test_two_runs_have_one_digest(base: Base, tmp_path: Path) -> None:
    again = debian_base("trixie", host_architecture(), Store(tmp_path), silent)

    assert again.digest == base.image.digest


def test_the_second_use_makes_nothing(base: Base, tmp_path_factory: pytest.TempPathFactory) -> None:
    events: list[Event] = []
    store = bases.store_of_run(tmp_path_factory)

    image = debian_base("trixie", host_architecture(), store, events.append, offline=True)

    assert (image.digest, image.layers[0].reused, events) == (base.image.digest, True, [])


def test_labels_tell_what_is_inside(base: Base) -> None:
    labels = base.image.labels

    assert labels["io.seldon.python.version"].startswith("3.13.")
    assert labels["io.seldon.glibc.version"] == "2.41"
    assert (
        labels["io.buildpacks.stack.id"]
        == base.image.environment["CNB_STACK_ID"]
        == "io.seldon.python.trixie"
    )
    assert labels["io.buildpacks.base.distro.name"] == "debian"
    assert labels["io.buildpacks.base.distro.version"] == "13"
    assert labels["io.buildpacks.rebasable"] == "true"
    assert base.image.config["User"] == "8888:0"
    assert base.image.config_bytes.count(b"created_by") == len(base.image.layers)


def test_every_file_has_one_time_and_none_is_setuid_or_a_device(files: Files) -> None:
    found = files.members.values()

    assert {info.mtime for info in found} == {EPOCH}
    assert [info.name for info in found if info.mode & 0o6000 or info.isdev()] == []
    assert list(files.members) == sorted(files.members)
    assert {info.uname for info in found} == {""}


def test_nothing_of_the_machine_that_made_it_is_inside(files: Files) -> None:
    machine = ["etc/resolv.conf", "etc/hostname", "etc/machine-id", "etc/apt/sources.list"]
    moments = ("var/log/", "var/cache/", "var/lib/apt/", "tmp/", "run/lock/")

    assert [name for name in machine if files.contents.get(name)] == []
    assert [name for name in files.members if name.startswith(moments) or name.endswith("-old")] == []


def test_our_user_has_a_home_and_its_folders(files: Files) -> None:
    assert files.contents["etc/passwd"].count(b"seldon:*:8888:0:") == 1
    for name in ("home/seldon", "layers", "workspace"):
        info = files.members[name]
        assert (info.isdir(), info.mode, info.uid, info.gid) == (True, 0o775, 8888, 0)


def test_licences_stay_and_manuals_do_not(files: Files) -> None:
    assert "usr/share/doc/bash/copyright" in files.members
    assert [name for name in files.members if name.startswith("usr/share/man/")] == []


def test_bytecode_of_the_standard_library_is_believed_whatever_the_times(files: Files) -> None:
    flags = {content[4:8] for name, content in files.contents.items() if name.endswith(".pyc")}

    assert flags == {b"\x01\0\0\0"}
    assert "usr/lib/python3.13/json/__pycache__/__init__.cpython-313.pyc" in files.contents


def test_the_shell_certificates_and_python_work(base: Base) -> None:
    program = "import ssl, json, sqlite3; print(len(ssl.create_default_context().get_ca_certs()))"
    command = ["/usr/sbin/chroot", str(base.rootfs()), "/bin/sh", "-c", f"/usr/bin/python3 -B -c '{program}'"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)

    assert int(found.stdout) > 100


def test_progress_tells_each_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = "I: running apt-get update...\nI: chosen mode: root\nI: extracting archives...\nE: no room\n"
    fake_bootstrap(tmp_path, f"cat >&2 <<'END'\n{steps}END\nexit 25", monkeypatch)
    events: list[Event] = []

    with pytest.raises(BaseNotMade, match="E: no room"):
        debian_base("trixie", host_architecture(), Store(tmp_path), events.append)
    told = [event.message.partition(": ")[2] for event in events if event.kind is EventKind.PROGRESS]
    assert told == ["running apt-get update", "extracting archives"]


def test_what_hangs_up_its_group_ends_nothing_but_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_bootstrap(tmp_path, "echo 'E: No space left on device' >&2\nkill -HUP 0", monkeypatch)

    with pytest.raises(BaseNotMade, match="No space left on device"):
        debian_base("trixie", host_architecture(), Store(tmp_path), silent)


def test_an_interrupt_ends_what_makes_the_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = f"echo $$ >{tmp_path}/pid\necho 'I: running apt-get update...' >&2\nexec sleep 60"
    fake_bootstrap(tmp_path, body, monkeypatch)

    def interrupt(event: Event) -> None:
        if "apt-get" in event.message:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        debian_base("trixie", host_architecture(), Store(tmp_path), interrupt)

    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


def test_no_mirror_is_named_unless_the_user_names_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_bootstrap(tmp_path, 'echo "E: $*" "$http_proxy" >&2; exit 1', monkeypatch)
    store = Store(tmp_path)

    with pytest.raises(BaseNotMade) as plain:
        debian_base("trixie", host_architecture(), store, silent, environment={"http_proxy": "http://p:1"})
    with pytest.raises(BaseNotMade) as other:
        debian_base(
            "trixie", host_architecture(), store, silent, mirror="http://me:secret@127.0.0.1:1/debian"
        )
    assert plain.value.complaint.endswith(" trixie - http://p:1")
    assert other.value.complaint.strip().endswith(" trixie - http://***@127.0.0.1:1/debian")


def test_the_command_line_hands_its_proxies_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_bootstrap(tmp_path, 'echo "E: $http_proxy $no_proxy" >&2; exit 1', monkeypatch)
    said = {"HTTP_PROXY": "http://p:1", "no_proxy": "localhost"}
    parser = argparse.ArgumentParser()
    cli_base.add_to(parser.add_subparsers())
    options = parser.parse_args(["base", "create", "run", "--output", f"oci:{tmp_path}/run", "--quiet"])

    with pytest.raises(BaseNotMade) as failed:
        cli_base.run(options, Caller(said, tmp_path, terminal=False))
    assert failed.value.complaint == "E: http://p:1 localhost"


def test_another_mirror_or_encoder_asks_for_another_base(
    base: Base, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = bases.store_of_run(tmp_path_factory)
    ask = partial(debian_base, "trixie", host_architecture(), store, silent, offline=True)

    assert ask().digest == base.image.digest
    with pytest.raises(OfflineMissing, match="--offline forbids"):
        ask(mirror="http://127.0.0.1:9/debian")
    monkeypatch.setattr(debian, "LAYOUT_VERSION", "another")
    with pytest.raises(OfflineMissing, match="--offline forbids"):
        ask()


def test_a_mirror_s_password_is_no_part_of_the_key() -> None:
    key = partial(debian._key, "trixie", "amd64", "run")

    assert key("http://me:secret@127.0.0.1/debian") == key("http://127.0.0.1/debian")


def test_without_mmdebstrap_the_way_to_install_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "PATH", str(tmp_path))

    with pytest.raises(BootstrapMissing, match="apt-get install mmdebstrap"):
        debian_base("trixie", host_architecture(), Store(tmp_path), silent)


def test_an_unreachable_mirror_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(BaseNotMade, match="apt-get update"):
        debian_base(
            "trixie", host_architecture(), Store(tmp_path), silent, mirror="http://127.0.0.1:9/debian"
        )


def test_offline_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(OfflineMissing, match=r"the run image trixie/.* --offline forbids") as caught:
        debian_base("trixie", host_architecture(), Store(tmp_path), silent, offline=True)
    assert caught.value.hint == "build once without --offline, or give --run-image oci:DIR"


def test_the_first_name_of_a_hard_linked_file_holds_it(tmp_path: Path) -> None:
    first = bases.member("z/perl", b"content")
    link = bases.member("a/perl", type=tarfile.LNKTYPE, linkname="z/perl")
    path = tmp_path / "tar"
    path.write_bytes(bases.tar([first, link]))

    with path.open("rb") as file:
        tree = tree_of(file)
        assert tree["a/perl"].read() == b"content"
    assert (tree["z/perl"].is_hard_link, tree["z/perl"].entry.link) == (True, "a/perl")


def fake_bootstrap(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand a script in for mmdebstrap, which takes 15 seconds to fail."""
    program = folder / "bin" / "mmdebstrap"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(bootstrap, "PATH", f"{program.parent}:/usr/bin:/bin")
