"""Where a model's files lie."""

from __future__ import annotations

from pathlib import Path

LOCAL = "file://"


class Storage:
    """Finds a model's files; those of a bucket are brought by an init container of the platform."""

    @staticmethod
    def download(uri: str, out_dir: str | None = None) -> str:
        """Return where the files of ``uri`` are: there, or in ``out_dir`` by links to them."""
        path = Path(str(uri).removeprefix(LOCAL))
        if "://" in str(path) or (not path.exists() and "://" in str(uri).removeprefix(LOCAL)):
            raise RuntimeError(
                f"{uri} is not a local path: only paths and file:// are read. Put the files into the "
                "model's folder, or let the platform mount them and give the path (such as /mnt/models)"
            )
        if not path.exists():
            raise RuntimeError(f"The path {path} does not exist (it was given as {uri})")
        if out_dir is None:
            return str(path)
        for item in path.iterdir() if path.is_dir() else (path,):
            _link(Path(out_dir) / item.name, item.absolute())
        return str(out_dir)


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    # A restarted container finds its own links again.
    if link.is_symlink():
        link.unlink()
    link.symlink_to(target)
