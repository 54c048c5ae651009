"""What both sides build, from what and to where: a model, a package index, a registry and a base image."""

from __future__ import annotations

import functools
import hashlib
import http.server
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

DOCKER = "/usr/bin/docker"
REQUIREMENTS = ("scikit-learn", "pandas")
# The server that both images need; ours would add it by itself.
SERVER = ("numpy", "orjson", "uvicorn", "httptools", "uvloop", "pluggy")
CHANGED = "threadpoolctl"
MODEL = """class Model:
    def predict(self, X, features_names=None):
        return X
"""


def run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a command to its end; its stderr in the error if it fails."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=env, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(
            f"{' '.join(map(str, command))} failed:\n{done.stderr.decode()}{done.stdout.decode()}"
        )
    return done.stdout.decode().strip()


@dataclass
class Scene:
    """The model folder and the services; ``change_*`` edit the model as a data scientist would."""

    folder: Path
    python: str = "3.13"
    registry: str = ""
    index: str = ""
    base: str = ""
    engine: str = ""
    changes: int = 0
    versions: list[str] = field(default_factory=list)
    _registry_process: subprocess.Popen[bytes] | None = None

    @classmethod
    def prepare(cls, folder: Path, stack: ExitStack) -> Scene:
        """Download the wheels, start index and registry, make the base with pip in it and push it."""
        scene = cls(folder)
        scene.engine = "engine " + run(DOCKER, "version", "--format", "{{.Server.Version}}")
        scene._download()
        scene._serve_index(stack)
        port = _free_port()
        scene.registry = f"127.0.0.1:{port}"
        stack.callback(scene._stop_registry)
        scene._start_registry()
        scene._make_base()
        shutil.copytree(folder / "registry", folder / "registry-with-base")
        scene.restore()
        return scene

    @property
    def model(self) -> Path:
        return self.folder / "model"

    def restore(self) -> None:
        """Write the model as it was at first."""
        self.model.mkdir(exist_ok=True)
        (self.model / "Model.py").write_text(MODEL)
        self._write_requirements(self.versions[-1])

    def change_code(self) -> None:
        """Edit the model's code, differently each time."""
        self.changes += 1
        (self.model / "Model.py").write_text(f"{MODEL}\n# change {self.changes} {time.time_ns()}\n")

    def change_dependency(self) -> None:
        """Pin another version of one small dependency."""
        self._write_requirements(self.versions[0])

    def forget_pushes(self) -> None:
        """Put the registry back to where it holds the base alone."""
        self._stop_registry()
        shutil.rmtree(self.folder / "registry")
        shutil.copytree(self.folder / "registry-with-base", self.folder / "registry")
        self._start_registry()

    def _write_requirements(self, version: str) -> None:
        lines = (*REQUIREMENTS, *SERVER, f"{CHANGED}=={version}")
        (self.model / "requirements.txt").write_text("\n".join(lines) + "\n")

    def _download(self) -> None:
        wheels = self.folder / "wheels"
        get = (sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--dest", wheels)
        platforms = [f"--platform=manylinux_2_{minor}_x86_64" for minor in range(17, 35)]
        target = ("--python-version", self.python, "--platform=manylinux2014_x86_64", *platforms)
        run(*get, *target, *REQUIREMENTS, *SERVER, "pip")
        newest = next(wheels.glob(f"{CHANGED}-*.whl")).name.split("-")[1]
        run(*get, *target, "--no-deps", f"{CHANGED}<{newest}")
        self.versions = sorted(path.name.split("-")[1] for path in wheels.glob(f"{CHANGED}-*.whl"))

    def _serve_index(self, stack: ExitStack) -> None:
        root = self.folder / "index"
        for wheel in (self.folder / "wheels").glob("*.whl"):
            name = re.sub(r"[-_.]+", "-", wheel.name.split("-")[0]).lower()
            page = root / "simple" / name
            page.mkdir(parents=True, exist_ok=True)
            (page / wheel.name).hardlink_to(wheel)
            # As the public index does (PEP 503, PEP 658): nobody has to read whole wheels to resolve.
            (page / f"{wheel.name}.metadata").write_bytes(_metadata(wheel))
            links = "".join(
                f'<a href="{path.name}#sha256={_sha256(path)}" data-core-metadata="true">{path.name}</a>'
                for path in sorted(page.glob("*.whl"))
            )
            (page / "index.html").write_text(f"<!DOCTYPE html><html><body>{links}</body></html>")
        handler = functools.partial(_QuietHandler, directory=str(root))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        self.index = f"http://127.0.0.1:{server.server_address[1]}/simple"

    def _start_registry(self) -> None:
        data = self.folder / "registry"
        data.mkdir(exist_ok=True)
        config = self.folder / "registry.yml"
        config.write_text(
            "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
            f"storage: {{filesystem: {{rootdirectory: {data}}}}}\nhttp: {{addr: {self.registry}}}\n"
        )
        self._registry_process = subprocess.Popen(
            ["docker-registry", "serve", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(200):
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", int(self.registry.partition(":")[2]))):
                    return
            time.sleep(0.05)
        raise SystemExit("docker-registry did not start")

    def _stop_registry(self) -> None:
        if self._registry_process:
            self._registry_process.terminate()
            self._registry_process.wait()

    def _make_base(self) -> None:
        self.base = f"{self.registry}/base:1"
        context = self.folder / "base"
        context.mkdir()
        pip = next((self.folder / "wheels").glob("pip-*.whl"))
        shutil.copy(pip, context / pip.name)
        cli = (sys.executable, "-P", "-m", "seldon_builder")
        run(*cli, "base", "create", "seldon-benchmark-run", "--output", "docker", "--quiet")
        (context / "Dockerfile").write_text(
            f"FROM seldon-benchmark-run\nUSER root\nCOPY {pip.name} /tmp/\n"
            f"RUN python3 /tmp/{pip.name}/pip install --quiet --break-system-packages --no-index "
            f"/tmp/{pip.name}\nUSER 8888:0\n"
        )
        run(DOCKER, "build", "--quiet", "--tag", self.base, context, env={"DOCKER_BUILDKIT": "1"})
        run(DOCKER, "push", "--quiet", self.base)


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def log_message(self, *_: object) -> None:
        """Say nothing: the figures are on the same terminal."""


def _metadata(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return archive.read(name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
