from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from seldon_builder.layers.interpreter_link import interpreter_layer
from seldon_builder.prefix import DEPENDENCIES, RUNTIME
from seldon_builder.store import Store
from seldon_builder.target import Target

from tests.layer_reading import SITE, contents, members, unpack

LOOK = "import json, sys; print(json.dumps([sys.prefix, sys.base_prefix, sys.path]))"


def test_the_links_lead_to_the_bases_python(tmp_path: Path) -> None:
    layer = interpreter_layer(Store(tmp_path), Target("amd64", "3.13.5", "2.41", "/usr/bin/python3.13"))

    links = {name: member.linkname for name, member in members(layer).items() if member.issym()}
    assert links == {
        f"{DEPENDENCIES}/bin/python": "/usr/bin/python3.13",
        f"{DEPENDENCIES}/bin/python3": "python",
        f"{DEPENDENCIES}/bin/python3.13": "python",
    }
    assert contents(layer) == {
        f"{DEPENDENCIES}/pyvenv.cfg": (
            b"home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.13.5\n"
        ),
        f"{SITE}/seldon_python.pth": f"{RUNTIME}\n".encode(),
    }


def test_another_place_of_python_is_another_layer(tmp_path: Path) -> None:
    store = Store(tmp_path)
    places = ("/usr/bin/python3.13", "/usr/local/bin/python3.13")
    layers = {interpreter_layer(store, Target("amd64", "3.13.5", "2.41", place)).digest for place in places}

    assert len(layers) == 2


PYTHONS = {Path(sys.executable).resolve(), *Path("/usr/bin").glob("python3.1[0-9]")}
# The prefix must be at /layers and the rest where it is: in a mount namespace of the test's own.
SEEN = """
mount -t tmpfs none /mnt && mkdir /mnt/layers && mount --bind "$1" /mnt/layers
for name in bin etc lib lib64 proc root usr; do mkdir -p /mnt/$name && mount --rbind /$name /mnt/$name; done
exec /usr/sbin/chroot /mnt "$2" -c "$3"
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts in a namespace of its own")
@pytest.mark.parametrize("python", sorted(PYTHONS), ids=str)
def test_python_takes_the_prefix_for_a_virtual_environment(tmp_path: Path, python: Path) -> None:
    asked = [str(python), "-I", "-c", "import sys; print(sys.base_prefix, sys.version.split()[0])"]
    base, version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    target = Target("amd64", version, "2.41", str(python))
    root = tmp_path / "root"
    unpack([interpreter_layer(Store(tmp_path / "store"), target)], root)
    (tmp_path / f"root{RUNTIME}").mkdir()

    command = [
        "unshare",
        "-m",
        "sh",
        "-c",
        SEEN,
        "sh",
        str(root / "layers"),
        f"{DEPENDENCIES}/bin/python",
        LOOK,
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": os.defpath})

    assert found.returncode == 0, found.stderr
    prefix, base_prefix, path = json.loads(found.stdout)
    assert (prefix, base_prefix) == (DEPENDENCIES, base)
    site = f"{DEPENDENCIES}/lib/python{target.python}/site-packages"
    assert path[-2:] == [site, RUNTIME]
    assert not [each for each in path if "dist-packages" in each]
