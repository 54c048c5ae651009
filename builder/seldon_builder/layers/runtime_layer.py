"""The runtime in an image: the files of the installed ``seldon_runtime``, whose version is the builder's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import seldon_runtime
from seldon_runtime.hookspecs import GROUP
from seldon_runtime.plugins import BUILT_INS

from ..digest import Digest
from ..entry import Bytes, Entry, file
from ..interpreter import Interpreter
from ..layer import Layer, LayerKind
from ..prefix import RUNTIME
from ..store import BlobWriter, Store
from .compiling import Compiler, pyc_entry
from .encoder import PlainEncoder
from .packing import cache_key, write_tar

_PACKAGE = "seldon_runtime"


def runtime_layer(store: Store, interpreter: Interpreter | None) -> Layer:
    """Return the layer of the runtime, with its bytecode where an interpreter is given."""
    files = [*_package(Path(seldon_runtime.__file__).parent), *_metadata()]

    def pack(writer: BlobWriter) -> tuple[Digest, int]:
        encoder = PlainEncoder(writer)
        with store.scratch() as results:
            sources = [entry for entry in files if entry.path.endswith(".py")]
            compiled = Compiler(interpreter).compile(sources, store, results) if interpreter else {}
            write_tar(encoder, [*files, *(pyc_entry(path, pyc) for path, pyc in compiled.items())])
        return encoder.finish()

    identity = interpreter.identity if interpreter else ""
    key = cache_key("runtime", RUNTIME, identity, *_identities(files))
    created_by = f"The runtime, seldon-python-runtime {seldon_runtime.__version__}"
    return store.layer(key, LayerKind.RUNTIME, created_by, pack)


def _package(root: Path) -> Iterator[Entry]:
    """Yield the modules: whatever else an editor or a test left in the folder stays out."""
    modules = (path for path in root.rglob("*.py") if path.is_file())
    for path in sorted((*modules, root / "py.typed")):
        yield file(f"{RUNTIME}/{_PACKAGE}/{path.relative_to(root).as_posix()}", path.read_bytes())


def _metadata() -> Iterator[Entry]:
    """Yield what lets ``importlib.metadata`` find the runtime and its plugins."""
    version = seldon_runtime.__version__
    folder = f"{RUNTIME}/seldon_python_runtime-{version}.dist-info"
    about = f"Metadata-Version: 2.1\nName: seldon-python-runtime\nVersion: {version}\n"
    yield file(f"{folder}/METADATA", about.encode())
    # Not from the builder's own metadata, which a checkout on PYTHONPATH lacks.
    lines = [f"{name} = {module.__name__}\n" for name, module in sorted(BUILT_INS.items())]
    yield file(f"{folder}/entry_points.txt", f"[{GROUP}]\n{''.join(lines)}".encode())


def _identities(files: Sequence[Entry]) -> Iterator[str]:
    for entry in files:
        assert isinstance(entry.content, Bytes)
        yield f"{entry.path} {Digest.of(entry.content.data)}"
