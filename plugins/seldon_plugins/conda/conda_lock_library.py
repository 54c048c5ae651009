"""The library conda-lock, which takes a second to be imported and warns of what it carries itself."""

from __future__ import annotations

import logging
import warnings

from seldon_builder.errors.conda import CondaNotInstalled


def import_conda_lock() -> None:
    """Import the library once, quietly; CondaNotInstalled where the extra is not there."""
    with warnings.catch_warnings():
        # What is deprecated lies in conda's own code within it.
        warnings.simplefilter("ignore")
        try:
            import conda_lock.lockfile
            import conda_lock.src_parser.environment_yaml
            import conda_lock.virtual_package  # noqa: F401 (for whoever imports of it next)
        except ImportError as error:
            raise CondaNotInstalled("conda-lock") from error
    # Its warnings tell of lines that we have read ourselves.
    logging.getLogger("conda_lock").setLevel(logging.ERROR)
