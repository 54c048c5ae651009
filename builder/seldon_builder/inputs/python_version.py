"""The Python that the source or the user wants."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..dependencies.url_credentials import masked
from ..detection import Detection
from ..errors.base import PythonConflict
from ..settings import Settings
from ..source import Source

SETTING = "BP_CPYTHON_VERSION"
_VERSION = re.compile(
    r"(?:python-|cpython-|cpython@|python@)?(3\.\d+)((?:\.\d+)?)(?:-dev|[.]x|[.][*])?", re.IGNORECASE
)
# More patch releases than any minor version ever had.
_PATCHES = range(60)


@dataclass(frozen=True)
class Wanted:
    """A wish for a Python: its minor version, a PEP 440 specifier, or nothing at all.

    ``exact`` is the whole version where the wish named one (``3.11.7``): the minor version decides, as a base
    image has the patch release that its packages bring. ``origin`` is where the wish stands.
    """

    version: str = ""
    specifier: str = ""
    origin: str = ""
    exact: str = ""

    def allows(self, python: str) -> bool:
        """Tell whether a Python serves, by its minor (``3.13``) or its whole version (``3.13.5``)."""
        minor = ".".join(python.split(".")[:2])
        if self.version and self.version != minor:
            return False
        return not self.specifier or _meets(python, self.specifier)

    def __str__(self) -> str:
        return self.exact or self.version or self.specifier or "any"


def wanted_python(
    source: Source, settings: Settings, option: str, detection: Detection | None = None
) -> Wanted:
    """Return which Python is wanted: by the option, a setting, version files, ``requires-python``.

    The option and the setting stand above the version files; ``requires-python``, of the project or of the
    detection, has to agree with what is chosen, for the model's own author wrote it.
    Of a detection whose lock brings its own Python, any base will do.
    """
    if detection and detection.own_python:
        return Wanted()
    required = _required_by(detection) or _requires_python(source)
    explicit = next(_explicit(settings, option), None)
    files = [explicit] if explicit else list(_version_files(source))
    if not files:
        return required or Wanted()
    chosen = files[0]
    for other in files[1:]:
        if other.version != chosen.version:
            raise PythonConflict(str(chosen), chosen.origin, str(other), other.origin)
    if required and not required.allows(chosen.version):
        raise PythonConflict(str(chosen), chosen.origin, required.specifier, required.origin)
    specifier = required.specifier if required else ""
    return Wanted(chosen.version, specifier, chosen.origin, chosen.exact)


def narrowed(detection: Detection, source: Source, settings: Settings, option: str) -> Detection:
    """Leave the Pythons that the user or the source wants of those that a lock may bring.

    PythonConflict where none is left.
    """
    wanted = wanted_python(source, settings, option)
    allowed = tuple(python for python in detection.own_python if wanted.allows(python))
    if detection.own_python and not allowed:
        one = " or ".join(detection.own_python)
        raise PythonConflict(str(wanted), wanted.origin, one, ", ".join(detection.files))
    return replace(detection, own_python=allowed)


def _explicit(settings: Settings, option: str) -> Iterator[Wanted]:
    if option:
        yield _wish(option, "--python")
    if text := settings.get(SETTING):
        yield _wish(text, SETTING)


def _version_files(source: Source) -> Iterator[Wanted]:
    for name in (".python-version", "runtime.txt"):
        if not source.has(name):
            continue
        lines = source.read(name).decode(errors="replace").splitlines()
        wish = next((line for line in (line.partition("#")[0].strip() for line in lines) if line), "")
        if wish:
            yield _wish(wish, name)


def _wish(text: str, origin: str) -> Wanted:
    found = _VERSION.fullmatch(text.strip())
    if not found:
        # No base will allow it, and whoever looks for one says so in the words of the wish.
        return Wanted(masked(text.strip()), origin=origin)
    return Wanted(found[1], origin=origin, exact=found[1] + found[2] if found[2] else "")


def _required_by(detection: Detection | None) -> Wanted | None:
    if detection is None or not detection.requires_python:
        return None
    return Wanted(
        specifier=detection.requires_python, origin=f"{', '.join(detection.files) or detection.resolver}"
    )


def _requires_python(source: Source) -> Wanted | None:
    if not source.has("pyproject.toml"):
        return None
    from ..toml_text import read_toml

    try:
        document = read_toml(source.read("pyproject.toml").decode())
    except ValueError:
        # Whoever reads the project's requirements complains about the file, with its line.
        return None
    project = document.get("project")
    specifier = project.get("requires-python") if isinstance(project, dict) else None
    if not isinstance(specifier, str) or not specifier.strip():
        return None
    return Wanted(specifier=specifier.strip(), origin="requires-python in pyproject.toml")


def _meets(python: str, specifier: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        allowed = SpecifierSet(specifier)
    except InvalidSpecifier:
        return False
    if python.count(".") > 1:
        return allowed.contains(python, prereleases=True)
    return any(allowed.contains(f"{python}.{patch}") for patch in _PATCHES)
