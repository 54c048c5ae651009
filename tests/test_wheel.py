from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import stat
import subprocess
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from seldon_builder.digest import Digest
from seldon_builder.errors.layers import WheelMalformed
from seldon_builder.errors.store import BlobCorrupt
from seldon_builder.layer import Layer
from seldon_builder.layers.wheel import wheel_layer
from seldon_builder.layers.wheel_archive import READ_AT_MOST, WheelContent, open_wheel
from seldon_builder.lock import Artifact
from seldon_builder.store import Store
from seldon_builder.target import Target

from tests.layer_reading import PREFIX, SITE, Files, contents, demo, members, stored, wheel_bytes

TARGET = Target("amd64", "3.13.5", "2.41", "/usr/bin/python3.13")
INFO = "demo-1.0.dist-info"


def layer_of(tmp_path: Path, *wheels: bytes) -> Layer:
    store = Store(tmp_path / "store")
    return wheel_layer(store, [stored(store, data) for data in wheels], TARGET, "demo 1.0")


def special(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def test_each_scheme_has_its_place(tmp_path: Path) -> None:
    wheel = demo(
        {
            "demo/__init__.py": b"",
            "demo-1.0.data/purelib/pure.py": b"1",
            "demo-1.0.data/platlib/plat.so": b"2",
            "demo-1.0.data/scripts/tool": b"#!python -E\nprint()",
            "demo-1.0.data/data/share/demo/x": b"3",
            "demo-1.0.data/headers/demo.h": b"4",
        }
    )

    found = contents(layer_of(tmp_path, wheel))

    assert set(found) == {
        f"{SITE}/demo/__init__.py",
        f"{SITE}/pure.py",
        f"{SITE}/plat.so",
        f"{SITE}/{INFO}/METADATA",
        f"{SITE}/{INFO}/RECORD",
        f"{SITE}/{INFO}/INSTALLER",
        f"{PREFIX}/bin/tool",
        f"{PREFIX}/share/demo/x",
        f"{PREFIX}/include/site/python3.13/demo/demo.h",
    }
    assert found[f"{PREFIX}/bin/tool"] == f"#!{PREFIX}/bin/python -E\nprint()".encode()


def test_modes_are_one_of_two(tmp_path: Path) -> None:
    mixed: dict[str | zipfile.ZipInfo, bytes] = {
        special("demo/run.sh", stat.S_IFREG | 0o700): b"",
        special("demo/secret.py", stat.S_IFREG | 0o600): b"",
        "demo-1.0.data/scripts/tool": b"#!/bin/sh\n",
    }

    found = members(layer_of(tmp_path, demo(mixed)))

    assert found[f"{SITE}/demo/run.sh"].mode == 0o755
    assert found[f"{SITE}/demo/secret.py"].mode == 0o644
    assert found[f"{PREFIX}/bin/tool"].mode == 0o755


def test_entry_points_become_scripts_of_the_images_python(tmp_path: Path) -> None:
    points = (
        b"[console_scripts]\nDemo = demo.cli:App.main [color]\n[gui_scripts]\nwin=demo:win\n[other]\nx = y\n"
    )
    wheel = demo({f"{INFO}/entry_points.txt": points, "demo-1.0.data/scripts/win": b"replaced"})

    layer = layer_of(tmp_path, wheel)

    found = contents(layer)
    assert found[f"{PREFIX}/bin/Demo"].decode() == (
        f"#!{PREFIX}/bin/python\nimport sys\nfrom demo.cli import App\n"
        'if __name__ == "__main__":\n    sys.exit(App.main())\n'
    )
    assert b"from demo import win" in found[f"{PREFIX}/bin/win"]
    assert members(layer)[f"{PREFIX}/bin/Demo"].mode == 0o755


def test_record_lists_exactly_what_is_there_with_its_hashes(tmp_path: Path) -> None:
    wheel = demo(
        {
            "demo/é.py": "x = 'é'".encode(),
            "demo/with, comma.py": b"",
            f"{INFO}/REQUESTED": b"",
            f"{INFO}/direct_url.json": b"{}",
            f"{INFO}/entry_points.txt": b"[console_scripts]\ndemo = demo:main\n",
        }
    )

    found = contents(layer_of(tmp_path, wheel))

    rows = list(csv.reader(found[f"{SITE}/{INFO}/RECORD"].decode().splitlines()))
    expected = []
    for path, data in found.items():
        name = path.removeprefix(f"{SITE}/").replace(f"{PREFIX}/bin", "../../../bin")
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        is_record = name.endswith("/RECORD")
        expected.append([name, "" if is_record else f"sha256={digest}", "" if is_record else str(len(data))])
    assert rows == sorted(expected)
    assert found[f"{SITE}/{INFO}/INSTALLER"] == b"seldon-python\n"
    assert not any(path.endswith(("REQUESTED", "direct_url.json")) for path in found)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_read_too(tmp_path: Path, method: int) -> None:
    data = bytes(range(256)) * 9000
    wheel = wheel_bytes({f"{INFO}/METADATA": b"Name: demo\n", "demo.bin": data, "empty": b""}, method)

    assert contents(layer_of(tmp_path, wheel))[f"{SITE}/demo.bin"] == data


def test_zip64_members_are_read(tmp_path: Path) -> None:
    path = tmp_path / "big.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{INFO}/METADATA", b"Name: demo\n")
        with archive.open("demo/large.bin", "w", force_zip64=True) as member:
            member.write(b"large" * 1000)

    assert contents(layer_of(tmp_path, path.read_bytes()))[f"{SITE}/demo/large.bin"] == b"large" * 1000


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil.py", "leads out"),
        ("demo/../../evil.py", "leads out"),
        ("/etc/passwd", "absolute"),
        ("demo//x.py", "leads out"),
        ("demo/.wh.x", "would delete"),
        (".wh..wh..opq", "would delete"),
        ("demo-1.0.data/scripts/../../x", "leads out"),
        ("demo-1.0.data/nonsense/x", "no installation scheme"),
        ("demo-1.0.data/stray", "no installation scheme"),
        (special("demo/link", stat.S_IFLNK | 0o777), "neither a file nor a folder"),
        ("demo-1.0.data/data/pyvenv.cfg", "more than one file"),
        ("demo-1.0.data/scripts/python3.13", "more than one file"),
        ("demo-1.0.data/platlib/demo.py", "more than one file"),
        ("demo.py/x", "a file and a folder"),
        ("demo.py/x/y/z", "a file and a folder"),
        ("demo-1.0.data/data/lib", "a file and a folder"),
        ("demo-1.0.data/data/bin", "a file and a folder"),
        ("demo/__pycache__", "a file and a folder"),
        ("é" * 127 + "xy", "too long"),
        ("demo-1.0.data/scripts/" + "x" * 256, "too long"),
        ("/".join(["x" * 200] * 21), "too long"),
        ("other-2.dist-info/METADATA", "one .dist-info"),
    ],
)
def test_a_harmful_name_is_refused(tmp_path: Path, name: str | zipfile.ZipInfo, reason: str) -> None:
    files: Files = {"demo.py": b"", name: b"x"}
    with pytest.raises(WheelMalformed, match=reason) as caught:
        layer_of(tmp_path, demo(files))
    assert caught.value.wheel == "demo-1.0-py3-none-any.whl"


def test_a_name_with_a_nul_is_refused(tmp_path: Path) -> None:
    wheel = demo({"demo/a_b.py": b""}).replace(b"demo/a_b.py", b"demo/a\0b.py")

    with pytest.raises(WheelMalformed, match="NUL"):
        layer_of(tmp_path, wheel)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    twice: Files = {zipfile.ZipInfo("demo.py"): b"1", zipfile.ZipInfo("demo.py"): b"2"}
    wheel = demo(twice)

    with pytest.raises(WheelMalformed, match="twice"):
        layer_of(tmp_path, wheel)


def test_names_of_the_greatest_length_are_taken(tmp_path: Path) -> None:
    name = "é" * 127 + "x"
    assert f"{SITE}/{name}" in contents(layer_of(tmp_path, demo({name: b""})))


def test_a_script_with_too_long_a_name_is_refused(tmp_path: Path) -> None:
    points = f"[console_scripts]\n{'x' * 256} = demo:main\n".encode()

    with pytest.raises(WheelMalformed, match="too long"):
        layer_of(tmp_path, demo({f"{INFO}/entry_points.txt": points}))


@pytest.mark.parametrize("name", ["entry_points.txt", "RECORD"])
def test_metadata_that_would_fill_the_memory_is_not_read(tmp_path: Path, name: str) -> None:
    metadata = {f"{INFO}/METADATA": b"Name: demo\n", f"{INFO}/{name}": b"\n" * (READ_AT_MOST + 1)}

    with pytest.raises(WheelMalformed, match="too many") as caught:
        layer_of(tmp_path, wheel_bytes(metadata))
    assert caught.value.member == f"{INFO}/{name}"


def test_a_script_may_be_a_program_of_any_size(tmp_path: Path) -> None:
    program = b"\x7fELF" + bytes(READ_AT_MOST)

    layer = layer_of(tmp_path, demo({"demo-1.0.data/scripts/tool": program}))

    assert contents(layer)[f"{PREFIX}/bin/tool"] == program


def test_a_bomb_is_inflated_piece_by_piece(tmp_path: Path) -> None:
    wheel = wheel_bytes(
        {f"{INFO}/METADATA": b"Name: demo\n", "demo.bin": bytes(150 << 20)}, zipfile.ZIP_BZIP2
    )
    store = Store(tmp_path)
    artifact = stored(store, wheel)

    tracemalloc.start()
    with open_wheel(store, artifact) as opened:
        content = WheelContent(opened, opened.members["demo.bin"])
        with content.open() as file:
            while file.read(1 << 20):
                pass
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < 200 << 20


@pytest.mark.parametrize("value", ["demo", "demo:main()", "os;evil:main", "../x = demo:main"])
def test_an_entry_point_that_names_no_function_is_refused(tmp_path: Path, value: str) -> None:
    line = value if " = " in value else f"tool = {value}"
    wheel = demo({f"{INFO}/entry_points.txt": f"[console_scripts]\n{line}\n".encode()})

    with pytest.raises(WheelMalformed, match="names no function"):
        layer_of(tmp_path, wheel)


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
@pytest.mark.parametrize("is_recorded", [True, False])
def test_content_that_is_not_what_the_zip_says_is_refused(
    tmp_path: Path, method: int, is_recorded: bool
) -> None:
    source = b"import os\n" * 200
    row = f"demo/x.py,sha256=AAAA,{len(source)}\n".encode() if is_recorded else b""
    files: dict[str | zipfile.ZipInfo, bytes] = {f"{INFO}/METADATA": b"Name: demo\n"}
    files |= {f"{INFO}/RECORD": row, "demo/x.py": source}
    wheel = bytearray(wheel_bytes(files, method))
    at = wheel.index(b"demo/x.py", wheel.rindex(b"PK\x03\x04")) + len("demo/x.py") + 20
    wheel[at] ^= 0x55

    with pytest.raises(WheelMalformed, match="not what the zip says") as caught:
        layer_of(tmp_path, bytes(wheel))
    assert caught.value.member == "demo/x.py"


def recorded(name: str, content: bytes, size: int | None = None) -> bytes:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content) if size is None else size}\n".encode()


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
@pytest.mark.parametrize(
    "name",
    ["demo/x.py", "demo-1.0.data/scripts/tool", "demo-1.0.data/scripts/python-tool", f"{INFO}/METADATA"],
)
def test_content_that_record_has_another_hash_of_is_refused(tmp_path: Path, name: str, method: int) -> None:
    content = b"#!python\nimport os\n" if "python-" in name else b"import os\n"
    row = recorded(name, content.replace(b"os", b"re"))
    files = {f"{INFO}/METADATA": b"Name: demo\n", f"{INFO}/RECORD": row, name: content}

    with pytest.raises(WheelMalformed, match="RECORD has another hash of it") as caught:
        layer_of(tmp_path, wheel_bytes(dict(files), method))
    assert caught.value.member == name
    assert not list((tmp_path / "store" / "records").glob("layers/*"))


def test_content_that_record_has_another_length_of_is_refused(tmp_path: Path) -> None:
    row = recorded("demo/x.py", b"import os\n", size=11)
    wheel = demo({"demo/x.py": b"import os\n", f"{INFO}/RECORD": row})

    with pytest.raises(WheelMalformed, match="RECORD says that it has 11 bytes, not 10"):
        layer_of(tmp_path, wheel)


@pytest.mark.parametrize("row", ["demo/x.py,,", "demo/x.py,md5=AAAA,", "gone.py,sha256=AAAA,5", "a,b"])
def test_what_record_does_not_say_of_a_file_is_no_reason_to_refuse_it(tmp_path: Path, row: str) -> None:
    wheel = demo({"demo/x.py": b"import os\n", f"{INFO}/RECORD": f"{row}\n".encode()})

    assert contents(layer_of(tmp_path, wheel))[f"{SITE}/demo/x.py"] == b"import os\n"


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WheelMalformed, match="no zip"):
        layer_of(tmp_path, b"<html>not found</html>")


def test_a_zip_for_readers_of_the_future_is_refused(tmp_path: Path) -> None:
    wheel = bytearray(demo({"demo.py": b"x"}))
    wheel[wheel.rindex(b"PK\x01\x02") + 6] = 99

    with pytest.raises(WheelMalformed, match=r"zip file version 9\.9"):
        layer_of(tmp_path, bytes(wheel))


@pytest.mark.parametrize(("name", "version"), [("numpy", "1.0"), ("demo", "9.9")])
def test_a_wheel_of_another_distribution_than_locked_is_refused(
    tmp_path: Path, name: str, version: str
) -> None:
    with pytest.raises(WheelMalformed, match=r"locked as demo 1\.0"):
        layer_of(tmp_path, demo({}, name, version))


@pytest.mark.parametrize(("name", "version"), [("Demo", "1.0"), ("demo", "1.0.0"), ("DEMO", "1")])
def test_a_distribution_may_write_its_name_in_other_ways(tmp_path: Path, name: str, version: str) -> None:
    layer = layer_of(tmp_path, demo({}, name, version))

    assert f"{SITE}/{name}-{version}.dist-info/METADATA" in contents(layer)


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    wheel = bytearray(demo({"demo.py": b"x"}))
    at = wheel.rindex(b"PK\x01\x02") + 8
    wheel[at] |= 1

    with pytest.raises(WheelMalformed, match="encrypted"):
        layer_of(tmp_path, bytes(wheel))


def test_a_damaged_wheel_is_discarded(tmp_path: Path) -> None:
    store = Store(tmp_path)
    artifact = stored(store, demo({"demo.py": b"x" * 1000}))
    path = store.blob(artifact.sha256).path
    data = bytearray(path.read_bytes())
    data[50] ^= 1
    path.write_bytes(data)

    with pytest.raises(BlobCorrupt):
        wheel_layer(store, [artifact], TARGET, "demo")
    assert not store.has(artifact.sha256)


def test_wheels_in_one_layer_have_each_their_files_and_the_later_wins(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = stored(store, demo({"one.py": b"1", "tests/__init__.py": b"first"}))
    second = stored(store, demo({"two.py": b"2", "tests/__init__.py": b"second"}, "other"), "other")

    found = contents(wheel_layer(store, [first, second], TARGET, "both"))

    assert found[f"{SITE}/one.py"] + found[f"{SITE}/two.py"] == b"12"
    assert found[f"{SITE}/tests/__init__.py"] == b"second"


@pytest.mark.parametrize("order", [1, -1])
def test_a_file_of_one_wheel_is_no_folder_of_another(tmp_path: Path, order: int) -> None:
    store = Store(tmp_path)
    first = stored(store, demo({"tests": b"1"}))
    second = stored(store, demo({"tests/deep/__init__.py": b""}, "other"), "other")

    with pytest.raises(WheelMalformed, match="a file and a folder"):
        wheel_layer(store, [first, second][::order], TARGET, "both")


def test_the_layer_depends_on_the_wheel_and_the_minor_version_alone(tmp_path: Path) -> None:
    data = demo({"demo.py": b"x" * 5000})

    def made(place: str, python: str) -> Layer:
        store = Store(tmp_path / place)
        target = Target("arm64", python, "2.36", f"/usr/bin/python{python}")
        return wheel_layer(store, [stored(store, data)], target, "demo")

    assert made("a", "3.13.5") == made("b", "3.13.0")
    assert made("c", "3.12.1").digest != made("a", "3.13.5").digest


def test_a_warm_layer_opens_no_wheel(tmp_path: Path) -> None:
    store = Store(tmp_path)
    artifact = stored(store, demo({"demo.py": b"x"}))
    first = wheel_layer(store, [artifact], TARGET, "demo")
    store.blob(artifact.sha256).path.unlink()

    again = wheel_layer(store, [artifact], TARGET, "demo")

    assert again == first
    assert again.reused


@pytest.mark.network
def test_a_real_wheel_becomes_what_an_installer_writes(tmp_path: Path, repository: Path) -> None:
    pip = [str(repository / ".venv/bin/python"), "-m", "pip", "--isolated", "-q"]
    options = ["--python-version", "3.13", "--platform", "manylinux_2_28_x86_64", "--only-binary", ":all:"]
    wheels, theirs = tmp_path / "wheels", tmp_path / "theirs"
    subprocess.run([*pip, "download", "numpy==2.3.5", "-d", wheels, "--no-deps", *options], check=True)
    wheel = next(wheels.iterdir())
    quiet = ["--no-compile", "--no-deps", "--target", str(theirs)]
    subprocess.run([*pip, "install", *quiet, *options, wheel], check=True)
    data = wheel.read_bytes()
    store = Store(tmp_path / "store")
    artifact = Artifact("numpy", "2.3.5", wheel.as_uri(), store.add(data), len(data))

    layer = wheel_layer(store, [artifact], TARGET, "numpy 2.3.5")

    ours = {path.removeprefix(f"{SITE}/"): Digest.of(data) for path, data in contents(layer).items()}
    files = {str(path.relative_to(theirs)): path for path in theirs.rglob("*") if path.is_file()}
    expected = {name: Digest.of(path.read_bytes()) for name, path in files.items()}
    of_an_installer = ("/INSTALLER", "/RECORD", "/REQUESTED", "/direct_url.json", "/f2py", "/numpy-config")
    differing = {name for name, _ in ours.items() ^ expected.items()}
    assert {name for name in differing if not name.endswith(of_an_installer)} == set()
    assert len(ours) > 900
    assert layer.size < len(data) * 1.01
    with layer.open() as blob:
        assert Digest.of(gzip.GzipFile(fileobj=blob).read()) == layer.diff_id
