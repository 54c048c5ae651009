"""What is in the layer of wheels: what an installer would write, straight from the wheels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..digest import Digest
from ..entry import Entry, file
from ..lock import Artifact
from ..prefix import DEPENDENCIES, site_packages
from ..store import BlobWriter, Store
from .encoder import TarEncoder
from .packing import copy_content, write_tar
from .splice import SplicingEncoder
from .wheel_archive import Wheel, WheelContent, open_wheel
from .wheel_collisions import beside, refuse_collisions
from .wheel_metadata import INSTALLER, REPLACED, Script, entry_point_scripts, record

if TYPE_CHECKING:
    from zipfile import ZipInfo


def write_wheels(
    writer: BlobWriter, store: Store, artifacts: Sequence[Artifact], python: str
) -> tuple[Digest, int]:
    """Write the layer of ``artifacts``; return its diff id and unpacked size."""
    encoder = SplicingEncoder(writer)

    def copy(plain: TarEncoder, entry: Entry) -> None:
        content = entry.content
        with encoder.hashing() as written:
            if isinstance(content, WheelContent):
                content.write_into(encoder, entry)
            else:
                copy_content(plain, entry)
        if isinstance(content, WheelContent | Script):
            content.prove(written.digest())

    with ExitStack() as opened:
        wheels = [opened.enter_context(open_wheel(store, artifact)) for artifact in artifacts]
        entries = beside(wheels, [wheel_entries(wheel, python) for wheel in wheels])
        write_tar(encoder, entries, copy=copy)
    return encoder.finish()


def wheel_entries(wheel: Wheel, python: str) -> list[Entry]:
    """Return what an installer would write for Python ``python`` ("3.13"), below the one prefix."""
    site = site_packages(python)
    scripts = entry_point_scripts(wheel)
    entries = [entry for info in _kept(wheel) if (entry := _entry(wheel, info, python, scripts)) is not None]
    entries += scripts.values()
    entries.append(file(f"{site}/{wheel.metadata_folder}/INSTALLER", INSTALLER))
    refuse_collisions(wheel, entries, python)
    return [*entries, record(wheel, entries, site)]


def _kept(wheel: Wheel) -> Iterator[ZipInfo]:
    replaced = {f"{wheel.metadata_folder}/{name}" for name in REPLACED}
    return (info for name, info in wheel.members.items() if name not in replaced)


def _entry(wheel: Wheel, info: ZipInfo, python: str, scripts: dict[str, Entry]) -> Entry | None:
    """Return the entry of a member; None for a script that an entry point replaces."""
    name = info.filename
    mode = 0o755 if info.external_attr >> 16 & 0o111 else 0o644
    folder, _, rest = name.partition("/")
    if folder != wheel.metadata_folder.removesuffix(".dist-info") + ".data" or not rest:
        return _member_entry(wheel, info, f"{site_packages(python)}/{name}", mode)
    scheme, _, path = rest.partition("/")
    if scheme == "scripts" and path:
        if path in scripts:
            return None
        script = Script(WheelContent(wheel, info))
        return Entry(f"{DEPENDENCIES}/bin/{path}", 0o755, info.file_size + script.growth, script)
    place = _schemes(wheel, python).get(scheme)
    if place is None or not path:
        raise wheel.malformed("it belongs to no installation scheme", name)
    return _member_entry(wheel, info, f"{place}/{path}", mode)


def _member_entry(wheel: Wheel, info: ZipInfo, path: str, mode: int) -> Entry:
    return Entry(path, mode, info.file_size, WheelContent(wheel, info))


def _schemes(wheel: Wheel, python: str) -> dict[str, str]:
    site, name = site_packages(python), wheel.metadata_folder.partition("-")[0]
    headers = f"{DEPENDENCIES}/include/site/python{python}/{name}"
    return {"purelib": site, "platlib": site, "data": DEPENDENCIES, "headers": headers}
