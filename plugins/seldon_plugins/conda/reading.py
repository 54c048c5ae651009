"""From the files of a source to what its environment asks for, before anything is solved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from seldon_builder.dependencies.requirements_file import logical_lines, read_requirements
from seldon_builder.dependencies.selection import Chosen
from seldon_builder.detection import Detection
from seldon_builder.digest import Digest
from seldon_builder.errors.conda import EnvironmentInvalid
from seldon_builder.errors.resolution import BadLine
from seldon_builder.package_index import PackageIndex
from seldon_builder.settings import Settings
from seldon_builder.source import Source, read_regular
from seldon_builder.target import SUPPORTED_PYTHONS

from .channels import Channels
from .claiming import CONDA_LOCK, ENVIRONMENT_FILES, LISTS_BY_SUBDIR
from .environment import Environment, WrittenLock
from .environment_file import EnvironmentFile, read_environment_file
from .specs import pythons_of
from .yaml_reading import text_of

LARGEST_LOCK = 64 << 20
# Virtual packages that a user may set as conda has it.
VIRTUAL = {"CONDA_OVERRIDE_CUDA": "__cuda", "CONDA_OVERRIDE_GLIBC": "__glibc"}


def read(detection: Detection, source: Source, settings: Settings) -> Detection:
    """Read all files of ``detection``."""
    found = [file for file in detection.files if file in ENVIRONMENT_FILES]
    _refuse_two_of_one(source, found)
    locks = tuple(_written(source, file) for file in detection.files if file not in ENVIRONMENT_FILES)
    categories = _categories(detection.files, settings)
    if not found:
        environment = Environment(
            locks=locks,
            virtual=_virtual(settings),
            categories=_categories(detection.files, settings),
            root=source.root,
        )
        return replace(detection, environment=environment, own_python=SUPPORTED_PYTHONS)
    channels = Channels(source, settings)
    text = text_of(source, found[0])
    said = read_environment_file(found[0], text, channels)
    environment = Environment(
        said.path,
        tuple(said.channels),
        tuple(said.specs),
        tuple(said.variables),
        _virtual(settings),
        locks,
        categories,
        text,
        source.root,
    )
    read_pip = _with_pip(detection, said, source, settings)
    credentials = PackageIndex(credentials=tuple(channels.credentials))
    return replace(
        read_pip,
        reason="; ".join((detection.reason, *said.remarks)),
        environment=environment,
        own_python=pythons_of(said.specs),
        index=read_pip.index.merged(credentials),
    )


def _with_pip(detection: Detection, said: EnvironmentFile, source: Source, settings: Settings) -> Detection:
    """Read what stands below ``pip:`` as pip would read a requirements file beside the environment."""
    if not said.pip:
        return detection
    lines = [(number, line) for number, text in said.pip for _, line in logical_lines(text)]
    pip = read_requirements(source, said.path, settings, lines)
    return replace(
        detection,
        files=tuple(dict.fromkeys((*detection.files, *pip.files))),
        requirements=pip.requirements,
        constraints=pip.constraints,
        # The lines that have hashes are held to them; conda's own packages never have any.
        options=tuple(option for option in pip.options if option != "--require-hashes"),
        index=pip.index,
    )


def _refuse_two_of_one(source: Source, found: list[str]) -> None:
    if len(found) > 1 and len({text_of(source, file) for file in found}) > 1:
        listed = " and ".join(found)
        problem = BadLine(listed, "", "both are there, and they differ")
        raise EnvironmentInvalid([problem], hint="keep one of them: conda takes the file that it is given")


def _written(source: Source, file: str) -> WrittenLock:
    try:
        content = read_regular(source.root / file, LARGEST_LOCK)
    except OSError as error:
        raise EnvironmentInvalid([BadLine(file, "", error.strerror or "it cannot be opened")]) from error
    return WrittenLock(file, Digest.of(content), LISTS_BY_SUBDIR.get(file, ""), content)


def _categories(files: Iterable[str], settings: Settings) -> tuple[str, ...]:
    """Return the groups that are named: a conda-lock.yml may have some, and nothing here has extras."""
    chosen = Chosen.of(settings)
    chosen.check(chosen.groups if CONDA_LOCK in files else ())
    return tuple(sorted(chosen.groups))


def _virtual(settings: Settings) -> tuple[tuple[str, str], ...]:
    said = ((name, settings.get(variable).strip()) for variable, name in VIRTUAL.items())
    return tuple((name, version) for name, version in said if version)
