"""Whether a lock of conda-lock still belongs to its environment.yml, by conda-lock's own reckoning."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from tempfile import TemporaryDirectory

from seldon_builder.digest import Digest

from .conda_lock_library import import_conda_lock
from .environment import Environment


def content_hash(environment: Environment, subdir: str) -> str:
    """Return what conda-lock would note of an environment.

    Where it cannot read one (``-r`` below ``pip:``), a digest of what we read serves, for us alone.
    """
    with _specification(environment, subdir) as specification:
        if specification is None:
            return _own(environment)
        from conda_lock.content_hash import compute_content_hashes
        from conda_lock.virtual_package import default_virtual_package_repodata

        repository = default_virtual_package_repodata()
        return str(compute_content_hashes(specification, repository)[subdir])


def matches(environment: Environment, subdir: str, recorded: str) -> bool:
    """Tell whether ``recorded``, by this release of conda-lock or an earlier one, is of ``environment``."""
    if recorded == _own(environment):
        return True
    with _specification(environment, subdir) as specification:
        if specification is None:
            return False
        from conda_lock.content_hash import backwards_compatible_content_hashes
        from conda_lock.virtual_package import default_virtual_package_repodata

        repository = default_virtual_package_repodata()
        return recorded in backwards_compatible_content_hashes(specification, repository, subdir)


@contextmanager
def _specification(environment: Environment, subdir: str) -> Iterator[object | None]:
    """Let conda-lock read the environment, without the table of names that it would download."""
    import_conda_lock()
    from conda_lock.src_parser.environment_yaml import parse_environment_file

    with TemporaryDirectory() as name:
        file, names = Path(name) / environment.file, Path(name) / "names.json"
        file.write_text(environment.text)
        names.write_text("{}")
        try:
            # It prints that -e is not locked; what is built from the source needs no lock.
            with redirect_stderr(io.StringIO()):
                found = parse_environment_file(file, [subdir], mapping_url=str(names))
        except Exception:  # noqa: BLE001 (whatever its parsers raise, we have read the file)
            found = None
        yield found


def _own(environment: Environment) -> str:
    return Digest.of(environment.text.encode()).hex
