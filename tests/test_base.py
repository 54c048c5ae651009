"""From what --run-image says to a base."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from seldon_builder.base import Base, base_for
from seldon_builder.base.base_interpreter import interpreter_of
from seldon_builder.base.debian import host_architecture
from seldon_builder.base.rootfs import unpack
from seldon_builder.connections import Connections
from seldon_builder.errors.base import BaseNotSupported, InterpreterFailed, PythonConflict
from seldon_builder.errors.destination import ImageNotFound
from seldon_builder.errors.resolution import OfflineMissing
from seldon_builder.events import Event, silent
from seldon_builder.inputs.python_version import Wanted
from seldon_builder.media.layout import LayoutDestination
from seldon_builder.reference import Reference
from seldon_builder.store import Store
from seldon_builder.target import Target

from . import bases

LABELS = (
    "io.seldon.python.version=3.12.4",
    "io.seldon.python.path=/usr/local/bin/python3.12",
    "io.seldon.glibc.version=2.36",
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def connections(docker_host: str) -> Connections:
    return Connections(docker_host=docker_host)


@pytest.fixture
def name(docker_host: str, registry: str, tmp_path: Path) -> Iterator[str]:
    """The name of an image that engine and registry both have, with labels like ours."""
    reference = f"{registry}/seldon-test-base:1"
    archive = tmp_path / "files.tar"
    archive.write_bytes(bases.tar([bases.member("usr/local/bin/python3.12", b"\x7fELF")]))
    labels = [part for label in LABELS for part in ("--change", f"LABEL {label}")]
    docker("import", *labels, archive, reference)
    docker("tag", reference, "seldon-test-base:1")
    docker("push", "--quiet", reference)
    yield reference
    docker("rmi", "--force", reference, "seldon-test-base:1")


def docker(*arguments: object) -> None:
    subprocess.run(["/usr/bin/docker", *map(str, arguments)], check=True, capture_output=True)


def made(run_image: str, store: Store, connections: Connections, wanted: Wanted | None = None) -> Base:
    return base_for(
        run_image, wanted or Wanted(), host_architecture(), store, silent, connections=connections
    )


@pytest.mark.docker
@pytest.mark.registry
@pytest.mark.parametrize("form", ["registry", "docker", "name", "oci"])
def test_each_form_of_a_name_leads_to_the_same_files(
    form: str, name: str, store: Store, connections: Connections, tmp_path: Path
) -> None:
    layout = tmp_path / "layout"
    if form == "oci":
        copy = ["skopeo", "copy", "--quiet", "--src-tls-verify=false", f"docker://{name}", f"oci:{layout}:1"]
        subprocess.run(copy, check=True)
    said = {
        "registry": name,
        "docker": f"docker:{name}",
        "name": "seldon-test-base:1",
        "oci": f"oci:{layout}",
    }[form]

    found = made(said, store, connections)

    assert (found.name, found.target.python_version) == (said, "3.12.4")
    assert found.image.config_bytes.count(b'"created_by"') == len(found.image.layers) == 1
    assert (found.rootfs() / "usr/local/bin/python3.12").exists()


@pytest.mark.docker
@pytest.mark.registry
def test_a_wanted_python_that_the_base_lacks_is_an_error_with_both_sides(
    name: str, store: Store, connections: Connections
) -> None:
    with pytest.raises(
        PythonConflict,
        match=rf"\.python-version asks for Python 3\.11, but the base image {name} has 3\.12\.4",
    ):
        made(name, store, connections, Wanted("3.11", origin=".python-version"))


@pytest.mark.docker
@pytest.mark.registry
def test_a_base_that_nobody_has_is_an_error(registry: str, store: Store, connections: Connections) -> None:
    with pytest.raises(ImageNotFound):
        made(f"{registry}/nobody:1", store, connections)


@pytest.mark.network
def test_the_default_base_is_chosen_by_the_wanted_python(tmp_path_factory: pytest.TempPathFactory) -> None:
    bases.debian(tmp_path_factory)
    events: list[Event] = []

    found = base_for(
        "", Wanted("3.13", origin=".python-version", exact="3.13.0"), host_architecture(),
        bases.store_of_run(tmp_path_factory), events.append, connections=Connections(), offline=True,
    )  # fmt: skip

    assert found.name == "seldon-python-run:trixie"
    assert found.target.python == "3.13"
    assert [event.message for event in events] == [
        f"Taking Python {found.target.python_version} of seldon-python-run:trixie for the 3.13.0 of "
        ".python-version: the base image decides on the patch release"
    ]


@pytest.mark.network
def test_a_patch_release_that_must_be_and_is_not_is_an_error(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    store, wanted = (
        bases.store_of_run(tmp_path_factory),
        Wanted(specifier="==3.13.0", origin="requires-python"),
    )
    bases.debian(tmp_path_factory)

    with pytest.raises(
        PythonConflict, match=r"requires-python asks for Python ==3\.13\.0, but the base image"
    ):
        base_for("", wanted, host_architecture(), store, silent, connections=Connections(), offline=True)


@pytest.mark.network
def test_only_a_base_made_here_shares_its_bytecode(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    ours = bases.debian(tmp_path_factory)
    LayoutDestination(tmp_path / "layout", Reference.parse("copy:1"), silent).write(ours.image)
    store = bases.store_of_run(tmp_path_factory)

    copy = made(f"oci:{tmp_path / 'layout'}", store, Connections())

    assert copy.target == ours.target
    assert interpreter_of(ours, store, silent).identity == ours.target.python_version
    assert interpreter_of(copy, store, silent).identity not in ("", ours.target.python_version)


@pytest.mark.network
def test_an_interpreter_that_fails_has_its_files_unpacked_anew_by_the_next_build(
    tmp_path_factory: pytest.TempPathFactory, store: Store
) -> None:
    ours = bases.debian(tmp_path_factory)
    ours = replace(ours, rootfs=partial(unpack, ours.image, store, silent))
    for path in (ours.rootfs() / f"usr/lib/python{ours.target.python}/encodings").rglob("__init__.*"):
        path.write_bytes(b"!" * path.stat().st_size)
    with pytest.raises(InterpreterFailed):
        say_hello(ours, store)

    assert say_hello(ours, store) == b"hello\n"


def say_hello(base: Base, store: Store) -> bytes:
    output = io.BytesIO()
    hello = ["-S", "-c", "print('hello')"]
    interpreter_of(base, store, silent).run(hello, stdin=io.BytesIO(), stdout=output, environment={})
    return output.getvalue()


def test_a_python_that_only_labels_have_is_said_before_it_is_started(store: Store) -> None:
    image = bases.image(store, [bases.member("etc/os-release", b"nothing")])
    target = Target(host_architecture(), "3.12.4", "2.36", "/usr/local/bin/python3.12")
    base = Base(image, target, "liar:1", partial(unpack, image, store, silent))

    with pytest.raises(BaseNotSupported, match="which is not in it"):
        say_hello(base, store)


def test_offline_the_default_base_has_to_be_there(store: Store) -> None:
    with pytest.raises(OfflineMissing, match="bookworm"):
        base_for(
            "", Wanted("3.11"), host_architecture(), store, silent, connections=Connections(), offline=True
        )


@pytest.mark.network
def test_a_warm_choice_loads_nothing_that_only_a_cold_one_needs(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    bases.debian(tmp_path_factory)
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from seldon_builder.base import base_for\nfrom seldon_builder.connections import Connections\n"
        "from seldon_builder.inputs.python_version import Wanted\nfrom seldon_builder.store import Store\n"
        "from seldon_builder.events import silent\n"
        "base_for('', Wanted(), sys.argv[2], Store(Path(sys.argv[1])), silent, connections=Connections())\n"
        "print(*sorted({'tarfile', 'gzip', 'http.client', 'tomllib'} & set(sys.modules)))\n"
    )
    command = [
        sys.executable,
        "-c",
        script,
        str(bases.store_of_run(tmp_path_factory).root),
        host_architecture(),
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=True)

    assert found.stdout.strip() == ""
