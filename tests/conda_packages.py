"""Small conda packages and channels, made by hand."""

import asyncio
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backports import zstd

# What conda-build writes where the prefix of the environment will stand.
PLACEHOLDER = "/opt/" + "placehold_" * 24
MTIME = 1_700_000_000


@dataclass(frozen=True)
class CondaFile:
    """One file of a package: its bytes or its link; ``file_mode`` where it holds the placeholder."""

    content: bytes = b""
    mode: int = 0o644
    link: str = ""
    file_mode: str = ""
    placeholder: str = PLACEHOLDER
    mtime: int = MTIME

    @property
    def entry(self) -> dict[str, object]:
        """What ``paths.json`` says of it, but for its path."""
        if self.link:
            return {"path_type": "softlink", "sha256": hashlib.sha256(b"").hexdigest(), "size_in_bytes": 0}
        prefix = {"file_mode": self.file_mode, "prefix_placeholder": self.placeholder}
        return {
            "path_type": "hardlink",
            "sha256": hashlib.sha256(self.content).hexdigest(),
            "size_in_bytes": len(self.content),
            **(prefix if self.file_mode else {}),
        }


@dataclass(frozen=True)
class CondaPackage:
    """One package; ``noarch`` is "python", "generic" or ""; ``info`` adds to the files of info/."""

    name: str
    version: str
    files: Mapping[str, CondaFile | bytes | str] = field(default_factory=dict)
    depends: Sequence[str] = ()
    constrains: Sequence[str] = ()
    subdir: str = "noarch"
    noarch: str = ""
    build: str = "0"
    build_number: int = 0
    entry_points: Sequence[str] = ()
    ending: str = ".conda"
    info: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """The file's name without its ending."""
        return f"{self.name}-{self.version}-{self.build}"

    @property
    def contents(self) -> dict[str, CondaFile]:
        """The files as such."""
        return {path: _as_file(content) for path, content in sorted(self.files.items())}

    @property
    def metadata(self) -> dict[str, bytes]:
        """The files below ``info/``."""
        index = {
            "name": self.name,
            "version": self.version,
            "build": self.build,
            "build_number": self.build_number,
            "depends": list(self.depends),
            "constrains": list(self.constrains),
            "subdir": self.subdir,
            "arch": None if self.subdir == "noarch" else self.subdir.partition("-")[2],
            "platform": None if self.subdir == "noarch" else "linux",
            "license": "MIT",
            "timestamp": MTIME * 1000,
            **({"noarch": self.noarch} if self.noarch else {}),
        }
        paths = [{"_path": path, **file.entry} for path, file in self.contents.items()]
        found = {
            "info/index.json": _json(index),
            "info/paths.json": _json({"paths": paths, "paths_version": 1}),
            "info/files": "".join(f"{path}\n" for path in self.contents).encode(),
            "info/about.json": _json({"summary": f"{self.name} for tests", "license": "MIT"}),
        }
        if self.noarch:
            link: dict[str, object] = {"type": self.noarch}
            if self.entry_points:
                link["entry_points"] = list(self.entry_points)
            found["info/link.json"] = _json({"noarch": link, "package_metadata_version": 1})
        return found | {f"info/{path}": content for path, content in self.info.items()}


def write_package(channel: Path, name: str, version: str, **given: object) -> Path:
    """Write a package into its folder of ``channel`` and return its path; see CondaPackage for ``given``.

    ``index_channel`` makes it known once all are written.
    """
    return write(channel, CondaPackage(name, version, **given))  # type: ignore[arg-type]  # checked there


def write(channel: Path, package: CondaPackage) -> Path:
    """Write ``package`` into its folder of ``channel``."""
    folder = channel / package.subdir
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{package.stem}{package.ending}"
    files = [(name, file) for name, file in package.contents.items()]
    info = [(name, CondaFile(content)) for name, content in sorted(package.metadata.items())]
    if package.ending == ".tar.bz2":
        path.write_bytes(_tar([*info, *files], "w:bz2"))
        return path
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for member, content in (
            ("metadata.json", b'{"conda_pkg_format_version": 2}'),
            (f"pkg-{package.stem}.tar.zst", _zstd(_tar(files))),
            (f"info-{package.stem}.tar.zst", _zstd(_tar(info))),
        ):
            archive.writestr(zipfile.ZipInfo(member, (2020, 1, 1, 0, 0, 0)), content)
    return path


def index_channel(channel: Path) -> str:
    """Write the channel's index files as the real indexer does, and return the channel's URL."""
    from rattler.index import index_fs

    (channel / "noarch").mkdir(parents=True, exist_ok=True)
    asyncio.run(index_fs(channel, write_shards=False))
    return channel.as_uri()


def python_distribution(
    name: str, version: str, modules: Mapping[str, str] | None = None
) -> dict[str, bytes]:
    """Return the files of a noarch Python package: its modules and what pip would know of it."""
    info = f"site-packages/{name}-{version}.dist-info"
    sources = modules if modules is not None else {f"{name}.py": f'VERSION = "{version}"\n'}
    return {
        **{f"site-packages/{path}": text.encode() for path, text in sources.items()},
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/INSTALLER": b"conda\n",
        f"{info}/RECORD": b"",
    }


def write_python(channel: Path, version: str, subdir: str = "linux-64", **given: object) -> Path:
    """Write a package that is called python and is none: enough to solve for, not to run."""
    minor = version.rpartition(".")[0]
    content = b"\x7fELF" + PLACEHOLDER.encode() + bytes(64)
    files = {
        f"bin/python{minor}": CondaFile(content, 0o755, file_mode="binary"),
        "bin/python": CondaFile(link=f"python{minor}"),
        f"lib/python{minor}/site-packages/README.txt": b"",
    }
    return write_package(channel, "python", version, subdir=subdir, build="0_cpython", files=files, **given)


def _as_file(content: CondaFile | bytes | str) -> CondaFile:
    if isinstance(content, CondaFile):
        return content
    return CondaFile(content.encode() if isinstance(content, str) else content)


def _json(value: object) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True).encode()


def _zstd(content: bytes) -> bytes:
    return zstd.compress(content)


def _tar(files: Iterable[tuple[str, CondaFile]], mode: str = "w:") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=tarfile.GNU_FORMAT) as archive:  # type: ignore[call-overload]
        for name, file in files:
            member = tarfile.TarInfo(name)
            member.mode, member.mtime = file.mode, file.mtime
            if file.link:
                member.type, member.linkname = tarfile.SYMTYPE, file.link
                archive.addfile(member)
            else:
                member.size = len(file.content)
                archive.addfile(member, io.BytesIO(file.content))
    return out.getvalue()
