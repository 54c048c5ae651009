"""How pip-compile resolves under the target's own interpreter: what it finds there and what it wrote."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from io import BytesIO
from pathlib import Path

from packaging.requirements import Requirement as Pep508
from packaging.utils import canonicalize_name
from seldon_builder.dependencies.engine import cleaned_environment, credentialed, secret_free
from seldon_builder.dependencies.file_url import path_of
from seldon_builder.dependencies.requirement_options import read_options
from seldon_builder.dependencies.requirements_file import logical_lines
from seldon_builder.dependencies.url_credentials import with_credentials
from seldon_builder.detection import Detection, Requirement
from seldon_builder.errors.base import InterpreterFailed
from seldon_builder.errors.resolution import EngineFailed
from seldon_builder.events import Emit, progress
from seldon_builder.interpreter import SHARED, Interpreter
from seldon_builder.package_index import PackageIndex
from seldon_builder.store import Store
from seldon_builder.target import Target

from .pip_explanations import explained_by_pip
from .pip_tools import ENGINE

# pip-tools needs these two to build source distributions, which never happens here.
_ONLY_FOR_BUILDS = ("setuptools", "wheel")


def pinned(
    detection: Detection,
    interpreter: Interpreter,
    target: Target,
    index: PackageIndex,
    store: Store,
    emit: Emit,
) -> Detection:
    """Return ``detection`` with every requirement pinned by pip-compile, hashes kept."""
    shared = store.root / ENGINE
    shared.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=shared, prefix="run-") as name:
        bench = Bench(Path(name), shared, index, target)
        arguments = bench.prepare(detection)
        emit(progress("lock", f"Resolving with pip-compile under Python {interpreter.version}"))
        try:
            interpreter.run(
                arguments,
                stdin=BytesIO(),
                stdout=BytesIO(),
                environment=bench.environment(),
                shared=shared,
            )
        except InterpreterFailed as error:
            complaint = secret_free(error.complaint, index)
            raise explained_by_pip(complaint, detection, target) from error
        return replace(detection, requirements=tuple(bench.pins(detection)), constraints=())


@dataclass(frozen=True)
class Bench:
    """The folder of one run, inside the folder that the interpreter sees at ``SHARED``."""

    folder: Path
    shared: Path
    index: PackageIndex
    target: Target

    def inside(self, path: Path) -> str:
        """Return where the interpreter sees ``path``."""
        return f"{SHARED}/{path.relative_to(self.shared).as_posix()}"

    def prepare(self, detection: Detection) -> list[str]:
        """Lay out pip-tools and what it reads; return the arguments of the interpreter."""
        self._copy_pip_tools()
        for name, requirements in (
            ("requirements.in", detection.requirements),
            ("constraints.txt", detection.constraints),
        ):
            lines = "".join(f"{self._reachable(requirement.line)}\n" for requirement in requirements)
            (self.folder / name).write_text(lines)
        # pip-compile keeps what its output had before.
        earlier = "".join(f"{requirement.line}\n" for requirement in detection.preferred)
        (self.folder / "requirements.txt").write_text(earlier)
        pre = ["--pre"] if "--pre" in detection.options else []
        return [
            # No --generate-hashes: it fetches every wheel of a release where uv will read the index's own.
            *("-m", "piptools", "compile", *pre),
            *("--no-config", "--no-header", "--no-annotate", "--strip-extras"),
            # pip and setuptools are requirements like any other; without this they get no pin.
            "--allow-unsafe",
            *("--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links", "--no-emit-options"),
            *("--cache-dir", f"{SHARED}/cache"),
            *("--constraint", self.inside(self.folder / "constraints.txt")),
            *("--output-file", self.inside(self.folder / "requirements.txt")),
            self.inside(self.folder / "requirements.in"),
        ]

    def environment(self) -> dict[str, str]:
        """Make the interpreter's environment: the index with its passwords, which no argument may hold."""
        index = self.index
        environment = cleaned_environment(index, Path(self.inside(self.folder)))
        environment |= {
            "PYTHONPATH": self.inside(self.folder / "lib"),
            # pip's own cache, which --cache-dir does not move; its usual place ends with this run's folder.
            "PIP_CACHE_DIR": f"{SHARED}/cache/pip",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INPUT": "1",
            "PIP_ONLY_BINARY": ":all:",
            "PIP_RETRIES": "1",
            "PIP_DEFAULT_TIMEOUT": str(index.patience),
            "PIP_TRUSTED_HOST": " ".join(index.trusted_hosts),
            "PIP_FIND_LINKS": " ".join(self._links()),
        }
        if index.no_index or index.offline:
            environment["PIP_NO_INDEX"] = "1"
        elif index.index_url:
            environment["PIP_INDEX_URL"] = credentialed([index.index_url], index)[0]
        environment["PIP_EXTRA_INDEX_URL"] = " ".join(credentialed(index.extra_index_urls, index))
        return environment | self._certificates()

    def pins(self, detection: Detection) -> Iterator[Requirement]:
        """Read what pip-compile wrote; a wheel that was named by its place keeps that place."""
        asked = {item.name: item for item in detection.requirements}
        # A constraint may name a place as well: that of a local wheel.
        placed = {item.name: item for item in detection.constraints if Pep508(item.line).url}
        for _, line in logical_lines((self.folder / "requirements.txt").read_text()):
            words, _ = read_options(line)
            if not words:
                continue
            name = canonicalize_name(Pep508(words).name)
            item = placed.get(name) or asked.get(name, Requirement(words, "needed by another package"))
            if Pep508(item.line).url:
                yield item
            else:
                yield Requirement(words, item.origin, item.hashes)

    def _copy_pip_tools(self) -> None:
        for found in _closure(ENGINE, self.target):
            for file in found.files or ():
                if ".." not in file.parts and "__pycache__" not in file.parts:
                    place = self.folder / "lib" / file
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(Path(str(found.locate_file(file))), place)

    def _reachable(self, line: str) -> str:
        """Rewrite the place of a wheel to where the interpreter sees it."""
        url = Pep508(line).url or ""
        if not url.startswith("file:"):
            return line.replace(url, with_credentials(url, self.index.credentials)) if url else line
        path = path_of(url)
        copy = self.folder / "wheels" / path.name
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, copy)
        return line.replace(url.partition("#")[0], f"file://{self.inside(copy)}")

    def _links(self) -> Iterator[str]:
        for number, place in enumerate(self.index.find_links):
            if "://" in place:
                yield with_credentials(place, self.index.credentials)
                continue
            copy = self.folder / f"links-{number}"
            copy.mkdir(exist_ok=True)
            for path in Path(place).glob("*.whl"):
                shutil.copyfile(path, copy / path.name)
            yield self.inside(copy)

    def _certificates(self) -> dict[str, str]:
        """Hand over this machine's authorities: a company's are in no base image."""
        import ssl

        bundle = self.index.ca_bundle or ssl.get_default_verify_paths().cafile
        if bundle is None or not Path(bundle).is_file():
            return {}
        copy = self.folder / "ca.pem"
        shutil.copyfile(bundle, copy)
        return dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), self.inside(copy))


def _closure(name: str, target: Target, found: set[str] | None = None) -> Iterator[Distribution]:
    """Yield the installed distribution ``name`` and what it needs on ``target``."""
    seen = set[str]() if found is None else found
    if name in seen or name in _ONLY_FOR_BUILDS:
        return
    seen.add(name)
    try:
        this = distribution(name)
    except PackageNotFoundError as error:
        hint = f"install {name} beside seldon-python, or use uv"
        raise EngineFailed(ENGINE, f"{name} is not installed.", hint=hint) from error
    yield this
    for line in this.requires or ():
        needed = Pep508(line)
        if needed.marker is None or needed.marker.evaluate({**target.marker_environment, "extra": ""}):
            yield from _closure(canonicalize_name(needed.name), target, seen)
