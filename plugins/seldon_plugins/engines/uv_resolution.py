"""How uv resolves: what it is asked, in which environment, and what of its answer is taken."""

from __future__ import annotations

import re
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import tomllib
from packaging.requirements import Requirement as Pep508
from packaging.version import Version
from seldon_builder.dependencies.engine import Finished, cleaned_environment, credentialed, run_engine
from seldon_builder.dependencies.pylock import read_artifacts
from seldon_builder.dependencies.resolver import NO_DEPENDENCIES, PINNED
from seldon_builder.dependencies.url_credentials import with_credentials
from seldon_builder.dependencies.written_lock import best_wheel
from seldon_builder.detection import Detection, Requirement
from seldon_builder.digest import Digest
from seldon_builder.errors import SeldonError
from seldon_builder.errors.resolution import BadLine, EngineFailed, HashMismatch
from seldon_builder.events import Emit, warning
from seldon_builder.lock import Artifact, Lock
from seldon_builder.package_index import PackageIndex
from seldon_builder.store import Store
from seldon_builder.target import Target

from .uv import ENGINE
from .uv_explanations import Complaint, explained
from .uv_pins import FILE as PINNED_FILE
from .uv_pins import pin_environment, pinned_project, with_pins_met

_YANKED = re.compile(r"warning: `([^`]+)` is yanked( \(.*\))?")
# The platforms that uv can resolve for: manylinux_2_<minor>.
KNOWN_GLIBC_MINORS = (17, 28, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40)


@dataclass(frozen=True)
class Resolution:
    """What one resolution works with; ``act`` is what progress says of it."""

    target: Target
    index: PackageIndex
    store: Store
    emit: Emit
    act: str = "Resolving"


def lock_with_uv(
    resolution: Resolution, detection: Detection, engine: str, extra_arguments: tuple[str, ...] = ()
) -> Lock:
    """Resolve ``detection`` and choose the best wheel of each distribution; its order is by name."""
    detection, finished = with_pins_met(
        lambda asked: compiled(resolution, asked, extra_arguments), detection, resolution.index.pins
    )
    if finished.status:
        raise _failure(resolution, detection, finished)
    target = resolution.target
    artifacts = _chosen(tomllib.loads(finished.output)["packages"], detection, target)
    _tell_of_prereleases(artifacts, detection, resolution.emit)
    _tell_of_yanked(finished.complaint, detection, resolution.emit)
    return Lock("wheels", engine, target.python, target.platform, Digest.of(b""), artifacts)


def _failure(resolution: Resolution, detection: Detection, finished: Finished) -> SeldonError:
    """Ask once more where that tells the user what to change."""
    complaint = Complaint(finished.complaint, finished.status, detection, resolution.target)
    if complaint.unknown_names and resolution.index.extra_index_urls:
        # Over several indexes uv passes by one that refuses our password; one by one it speaks of it.
        again = compiled(resolution, detection, ("--index-strategy", "first-index"))
        refused = Complaint(again.complaint, again.status, detection, resolution.target)
        complaint = refused if again.status and refused.unauthorised else complaint
    unknown = complaint.unknown_version
    newest = newest_version(resolution, unknown[0]) if unknown else ""
    return explained(
        complaint, newest, fitting_python(resolution, detection) if complaint.without_wheel else ""
    )


def fitting_python(resolution: Resolution, detection: Detection) -> str:
    """Return the Python of another default base that has wheels of all of ``detection``, else ""."""
    from seldon_builder.base.choice import SUITES

    for python in SUITES.values():
        if python != resolution.target.python:
            other = replace(resolution, target=replace(resolution.target, python_version=python))
            if not compiled(other, detection, ()).status:
                return python
    return ""


def newest_version(resolution: Resolution, name: str) -> str:
    """Return the newest version of ``name`` that fits the target, "" where none does."""
    alone = Detection("none", (), "", (Requirement(name, ""),))
    finished = compiled(resolution, alone, ("--no-deps",))
    packages = [] if finished.status else tomllib.loads(finished.output)["packages"]
    return str(packages[0].get("version", "")) if packages else ""


def compiled(resolution: Resolution, detection: Detection, extra_arguments: tuple[str, ...]) -> Finished:
    """Run ``uv pip compile`` on ``detection`` in a private folder that is gone afterwards."""
    index = resolution.index
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, requirements in (
            ("requirements.in", detection.requirements),
            ("constraints.txt", detection.constraints),
        ):
            lines = [_with_user(requirement.line, index) for requirement in requirements]
            (folder / file).write_text("".join(f"{line}\n" for line in lines))
        command = [*_command(resolution, folder), *_options(detection), *extra_arguments]
        if "--index-strategy" not in extra_arguments:
            # pip's meaning of extra indexes: the best version over all of them.
            command += ["--index-strategy", "unsafe-best-match" if index.extra_index_urls else "first-index"]
        # uv warns of an empty file.
        command += ["--constraints", "constraints.txt"] if detection.constraints else []
        if detection.preferred:
            # uv keeps what its output had before.
            (folder / "pylock.toml").write_text(_earlier(detection.preferred))
            command += ["--output-file", "pylock.toml"]
        if index.pins:
            lines = [_with_user(requirement.line, index) for requirement in detection.requirements]
            (folder / PINNED_FILE).write_text(pinned_project(lines, index))
        command.append(PINNED_FILE if index.pins else "requirements.in")
        environment = _environment(index, folder) | pin_environment(index)
        return run_engine(command, environment, folder, index, resolution.emit, act=resolution.act)


def _earlier(preferred: tuple[Requirement, ...]) -> str:
    pins = (requirement.line.split("==") for requirement in preferred)
    tables = (f'[[packages]]\nname = "{name}"\nversion = "{version}"\n' for name, version in pins)
    return "\n".join(('lock-version = "1.0"\ncreated-by = "uv"\n', *tables))


def _command(resolution: Resolution, folder: Path) -> list[str]:
    index, target = resolution.index, resolution.target
    # With the pages of an index uv keeps their URLs, and so the tokens in them.
    keeps_tokens = any(credential.query.reveal() for credential in index.credentials)
    cache = folder / "cache" if keeps_tokens else resolution.store.root / "uv"
    command = [
        _program(),
        *("pip", "compile", "--format", "pylock.toml"),
        *("--python-version", target.python_version, "--python-platform", platform_of(target)),
        # The interpreter that uv wants to see takes no part: only wheels are allowed, so nothing is built.
        *("--only-binary", ":all:", "--python", sys.executable),
        *("--no-config", "--no-header", "--color", "never", "--no-progress"),
        *("--cache-dir", str(cache)),
    ]
    for place in index.find_links:
        if "://" not in place:
            command += ["--find-links", place]
    for host in index.trusted_hosts:
        command += ["--allow-insecure-host", host]
    if index.no_index:
        command.append("--no-index")
    if index.offline:
        command.append("--offline")
    return command


def _options(detection: Detection) -> list[str]:
    options = ["--prerelease", "allow"] if "--pre" in detection.options else []
    return [*options, NO_DEPENDENCIES] if NO_DEPENDENCIES in detection.options else options


def _environment(index: PackageIndex, home: Path) -> dict[str, str]:
    """Hand over the URLs with their passwords: other users of the machine may read arguments."""
    environment = cleaned_environment(index, home)
    # An index that refuses connections, or says nothing, will do so the next time as well.
    environment["UV_HTTP_RETRIES"] = "1"
    environment["UV_HTTP_TIMEOUT"] = str(index.patience)
    if index.ca_bundle is None:
        # Companies put their CA into the system's store; uv would read only its own list.
        environment["UV_SYSTEM_CERTS"] = environment["UV_NATIVE_TLS"] = "true"
    if index.index_url and not index.no_index:
        environment["UV_DEFAULT_INDEX"] = credentialed([index.index_url], index)[0]
    if index.extra_index_urls and not index.no_index:
        environment["UV_INDEX"] = " ".join(credentialed(index.extra_index_urls, index))
    remote = [place for place in index.find_links if "://" in place]
    if remote:
        environment["UV_FIND_LINKS"] = ",".join(credentialed(remote, index))
    return environment


def platform_of(target: Target) -> str:
    """Return uv's name of the newest platform that ``target`` can run."""
    newest = int(target.glibc.split(".")[1])
    minor = max((known for known in KNOWN_GLIBC_MINORS if known <= newest), default=KNOWN_GLIBC_MINORS[0])
    return f"{target.machine}-manylinux_2_{minor}"


def _program() -> str:
    import uv

    try:
        return uv.find_uv_bin()
    except FileNotFoundError as error:
        raise EngineFailed(ENGINE, "its program is not installed.", hint="run bin/build anew") from error


def _with_user(line: str, index: PackageIndex) -> str:
    parsed = Pep508(line)
    if not parsed.url or parsed.url.startswith("file:"):
        return line
    return line.replace(parsed.url, with_credentials(parsed.url, index.credentials))


def _chosen(packages: list[dict[str, object]], detection: Detection, target: Target) -> tuple[Artifact, ...]:
    allowed = _allowed_hashes(detection)
    chosen: list[Artifact] = []
    bad: list[BadLine] = []
    for package in packages:
        wheels = list(read_artifacts(package, Path("/")))
        requirement = allowed.get(wheels[0].name)
        fitting = [wheel for wheel in wheels if not requirement or str(wheel.sha256) in requirement.hashes]
        if fitting:
            # uv names wheels that fit; of those for newer systems than ours knows, the first will do.
            chosen.append(best_wheel(fitting, target) or min(fitting, key=lambda wheel: wheel.filename))
        elif requirement:
            offered = ", ".join(f"{wheel.filename} with {wheel.sha256}" for wheel in wheels)
            wanted = ", ".join(requirement.hashes) or "none that all lines of it allow"
            reason = f"its hashes are {wanted}, but the index offers {offered}"
            bad.append(BadLine(requirement.origin, requirement.line, reason))
    if bad:
        raise HashMismatch(bad)
    return tuple(sorted(chosen, key=lambda artifact: artifact.name))


def _tell_of_prereleases(artifacts: tuple[Artifact, ...], detection: Detection, emit: Emit) -> None:
    """Warn of what pip would not take: uv falls back to a pre-release where no release fits."""
    if "--pre" in detection.options:
        return
    for artifact in artifacts:
        if Version(artifact.version).is_prerelease:
            why = "no other version of it fits what is asked for"
            emit(warning("lock", f"{artifact.name} {artifact.version} is a pre-release: {why}"))


def _tell_of_yanked(said: str, detection: Detection, emit: Emit) -> None:
    """Warn of what its authors withdrew and the user pins; once, when the model's lines are resolved."""
    if any(constraint.origin == PINNED for constraint in detection.constraints):
        return
    for name, reason in dict.fromkeys(_YANKED.findall(said)):
        emit(warning("lock", f"{name} was yanked by its authors{reason.replace('reason: ', '')}"))


def _allowed_hashes(detection: Detection) -> dict[str, Requirement]:
    """Gather what each name may hash to; several lines of one name allow what all of them allow."""
    allowed: dict[str, Requirement] = {}
    for requirement in (*detection.requirements, *detection.constraints):
        if requirement.hashes:
            name = requirement.name
            known = allowed.get(name)
            hashes = tuple(h for h in requirement.hashes if known is None or h in known.hashes)
            allowed[name] = replace(requirement, hashes=hashes)
    return allowed
