"""``python -m seldon_runtime``: serve the model of the current folder, as the variables say."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> int:
    """Serve until a signal says stop; return the exit code."""
    folder = Path.cwd()
    # `python -m` puts the current folder first on the path. It comes back when the model is imported, after
    # what the server itself needs: a model's own uvicorn.py must not be taken for the real one.
    sys.path[:] = [entry for entry in sys.path if entry not in ("", str(folder))]
    from .annotations import ANNOTATIONS, with_annotations
    from .errors import SeldonError
    from .process import serve

    try:
        return serve(with_annotations(os.environ, ANNOTATIONS), folder, os.environ)
    except SeldonError as error:
        if error.__cause__ is not None:
            _write_traceback(error.__cause__)
        sys.stderr.write(f"{error}\n")
        return error.exit_code


def _write_traceback(error: BaseException) -> None:
    import traceback

    # From the first line of the model's own: how the server got there helps nobody.
    here, trace = Path(__file__).parent, error.__traceback__
    while trace and _is_ours(Path(trace.tb_frame.f_code.co_filename), here):
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)


def _is_ours(path: Path, here: Path) -> bool:
    # importlib's frames are frozen: their file has no folder.
    return path.parent == Path() or (here in path.parents and here / "compat" not in path.parents)


if __name__ == "__main__":
    sys.exit(main())
