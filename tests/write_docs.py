"""Writes the documentation that follows from the code: ``python -m tests.write_docs``."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
from pathlib import Path

import seldon_builder.errors
import seldon_runtime.errors  # noqa: F401  # its classes are listed too
from seldon_builder.cli import parser
from seldon_builder.errors import SeldonError

DOCS = Path(__file__).parents[1] / "docs"


def error_classes() -> list[type[SeldonError]]:
    """Find every error class of ours that carries an exit code, by code."""
    for module in pkgutil.iter_modules(seldon_builder.errors.__path__):
        importlib.import_module(f"seldon_builder.errors.{module.name}")
    found: list[type[SeldonError]] = []
    pending: list[type[SeldonError]] = [SeldonError]
    while pending:
        children = pending.pop().__subclasses__()
        found += children
        pending += children
    ours = [error for error in found if error.__module__.startswith("seldon_") and "exit_code" in vars(error)]
    return sorted(ours, key=lambda error: (error.exit_code, error.__name__))


def errors_page() -> str:
    """Write docs/errors.md."""
    rows = "".join(
        f"| {error.exit_code} | `{error.__name__}` | {(error.__doc__ or '').strip().splitlines()[0]} |\n"
        for error in error_classes()
    )
    return (
        "# Errors and exit codes\n\n"
        "Every error says what happened, what was found and what to do. 0 is success, 2 a wrong command\n"
        "line, 130 Ctrl-C, 143 SIGTERM, 1 a bug of ours (with its traceback: please report it). The rest:\n\n"
        f"| exit code | error | means |\n|---:|---|---|\n{rows}"
    )


def cli_page() -> str:
    """Write docs/cli.md."""
    # argparse wraps to the terminal's width: the page must not depend on who writes it.
    os.environ["COLUMNS"] = "100"
    page = "# The command line\n\nWhat `--help` prints; this page is made from it.\n"
    return page + "".join(_sections(parser()))


def _sections(one: argparse.ArgumentParser) -> list[str]:
    sections = [f"\n## {one.prog}\n\n```text\n{one.format_help()}```\n"]
    for action in one._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                sections += _sections(child)
    return sections


PAGES = {"errors.md": errors_page, "cli.md": cli_page}

if __name__ == "__main__":
    for name, write in PAGES.items():
        (DOCS / name).write_text(write())
