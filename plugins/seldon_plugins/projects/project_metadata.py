"""Whether a project has something to install, told from its files alone: docs/projects.md lists the rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from seldon_builder.lock import canonical_name

from .project_files import PYPROJECT, SETUP_PY, ProjectFiles

SETUPTOOLS = "setuptools"
# Where each backend is told what a package holds; without any of these it looks for the project's name.
_EXPLICIT = {
    "hatchling": (("hatch", "build"),),
    "flit_core": (("flit", "module"), ("flit", "metadata", "module")),
    "poetry": (("poetry", "packages"), ("poetry", "include")),
    "pdm": (("pdm", "build"),),
    "uv_build": (("uv", "build-backend"),),
}
# Names that setuptools never takes for a package of the project.
_NO_PACKAGES = (
    *("ci", "bin", "debian", "doc", "docs", "documentation", "manpages", "news", "newsfragments"),
    *("changelog", "test", "tests", "unit_test", "unit_tests", "example", "examples", "scripts", "tools"),
    *("util", "utils", "python", "build", "benchmark", "benchmarks", "exercise", "exercises", "htmlcov"),
)


@dataclass(frozen=True)
class Installing:
    """Whether the project itself is installed, and the rule that says so."""

    wanted: bool
    reason: str


def installing_of(files: ProjectFiles) -> Installing:
    """Tell whether the project of ``files`` is installed."""
    for keys, package in (
        (("uv", "package"), True),
        (("poetry", "package-mode"), True),
        (("pdm", "distribution"), True),
    ):
        if files.find("tool", *keys) is (not package):
            return Installing(False, f"[tool.{keys[0]}] {keys[1]} is false")
    if files.find("tool", "uv", "package") is True:
        return Installing(True, "[tool.uv] package is true")
    backend = backend_of(files)
    if not backend:
        return _without_backend(files)
    if backend.partition(".")[0] == SETUPTOOLS:
        return _with_setuptools(files)
    return _named(files, backend)


def backend_of(files: ProjectFiles) -> str:
    """Return the build backend: the one that is named, setuptools where a setup.py is or none is, else ""."""
    backend = files.string("build-system", "build-backend")
    legacy = files.setup_py is not None or "options" in files.setup_cfg or files.has("build-system")
    return backend or (SETUPTOOLS if legacy else "")


def project_name(files: ProjectFiles) -> str:
    """Return the normalised name of the project, "" where only a build tells."""
    setup = files.setup_py.literals.get("name", "") if files.setup_py else ""
    names = (
        files.find("project", "name"),
        files.find("tool", "poetry", "name"),
        files.setup_cfg.get("metadata", {}).get("name"),
        setup,
    )
    return next((canonical_name(name.strip()) for name in names if isinstance(name, str) and name), "")


def _without_backend(files: ProjectFiles) -> Installing:
    if not files.has("project"):
        return Installing(False, f"{PYPROJECT} has no [build-system]")
    if any(files.find("tool", SETUPTOOLS, key) for key in ("packages", "py-modules", "package-dir")):
        return Installing(True, "[tool.setuptools] names what it holds")
    if any(_packages(files, "src")):
        return Installing(True, "src/ holds a package")
    return Installing(False, f"{PYPROJECT} has no [build-system]")


def _with_setuptools(files: ProjectFiles) -> Installing:
    setup, options = files.setup_py, files.setup_cfg.get("options", {})
    tool = files.table("tool", SETUPTOOLS) if files.has("tool", SETUPTOOLS) else {}
    if setup is not None and setup.names_modules:
        return Installing(True, f"{SETUP_PY} names what it holds")
    if options.get("packages") or options.get("py_modules"):
        return Installing(True, "setup.cfg names what it holds")
    if any(key in tool for key in ("packages", "py-modules", "ext-modules")):
        named = bool(tool.get("packages") or tool.get("py-modules") or tool.get("ext-modules"))
        return Installing(named, f"[tool.setuptools] names {'what it holds' if named else 'nothing'}")
    if setup is not None and not setup.is_static:
        return Installing(True, f"{SETUP_PY} has to be run to tell")
    return _discovered(files)


def _discovered(files: ProjectFiles) -> Installing:
    """Find what setuptools would by itself: src/, else the one package.

    It would take the one module too, which is mostly the model: that is found in /workspace first.
    """
    if PurePosixPath("src") in files.names:
        found = any(_packages(files, "src")) or any(_modules(files, "src"))
        return Installing(found, f"src/ holds {'a package' if found else 'no package'}")
    packages = sorted({name for name in _folders(files) if name not in _NO_PACKAGES})
    if len(packages) > 1:
        return Installing(False, f"it names no modules, and there are several folders: {', '.join(packages)}")
    if packages:
        found = packages[0] in set(_packages(files, ""))
        return Installing(found, f"{packages[0]}/ is {'its one package' if found else 'no package'}")
    return Installing(False, "it names no modules, and those beside it are in the image anyway")


def _named(files: ProjectFiles, backend: str) -> Installing:
    short = backend.partition(".")[0]
    if short not in _EXPLICIT:
        return Installing(True, f"{backend} builds it")
    if any(files.find("tool", *keys) for keys in _EXPLICIT[short]):
        return Installing(True, f"[tool.{_EXPLICIT[short][0][0]}] names what it holds")
    if short == "pdm" and (any(_packages(files, "")) or any(_packages(files, "src"))):
        return Installing(True, "it holds a package")
    name = project_name(files).replace("-", "_")
    for place in (name, f"{name}.py", f"src/{name}", f"src/{name}.py"):
        if any(str(path).lower() == place for path in files.names if name):
            return Installing(True, f"{place} is its {'module' if place.endswith('.py') else 'package'}")
    return Installing(False, f"nothing here is called {name or 'like it'}, as {short} would have it")


def _folders(files: ProjectFiles) -> Iterator[str]:
    """Yield the folders at the top that setuptools takes for packages: any whose name could be imported."""
    tops = {path.parts[0] for path in files.names if len(path.parts) > 1}
    yield from (name for name in tops if name.isidentifier() and not name.startswith("_"))


def _packages(files: ProjectFiles, below: str) -> Iterator[str]:
    """Yield the folders below ``below`` that hold Python, at any depth."""
    depth = len(PurePosixPath(below).parts)
    for path in files.names:
        inside = path.parts[:depth] == PurePosixPath(below).parts and len(path.parts) > depth + 1
        if inside and path.suffix in (".py", ".pyi", ".so"):
            yield path.parts[depth]


def _modules(files: ProjectFiles, below: str) -> Iterator[str]:
    folder = PurePosixPath(below)
    yield from (path.stem for path in files.names if path.parent == folder and path.suffix == ".py")
