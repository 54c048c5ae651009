"""The peer: a Dockerfile with pip, built by BuildKit, pushed by docker."""

from __future__ import annotations

import time
from dataclasses import dataclass

from .scene import DOCKER, Scene, run


@dataclass
class Side:
    scene: Scene
    bytecode: bool

    def forget(self) -> None:
        """Start from an empty build cache."""
        run(DOCKER, "builder", "prune", "--all", "--force")
        run(DOCKER, "image", "rm", "--force", self._pushed, "seldon-benchmark-peer")
        run(DOCKER, "image", "prune", "--force")

    @property
    def _pushed(self) -> str:
        return f"{self.scene.registry}/peer/model:1"

    def push(self) -> float:
        began = time.monotonic()
        self._build(self._pushed)
        run(DOCKER, "push", "--quiet", self._pushed)
        return time.monotonic() - began

    def load(self) -> float:
        began = time.monotonic()
        self._build("seldon-benchmark-peer")
        return time.monotonic() - began

    def _build(self, image: str) -> None:
        scene = self.scene
        compiled = "" if self.bytecode else "--no-compile "
        (scene.folder / "Dockerfile").write_text(
            f"FROM {scene.base}\nUSER root\nWORKDIR /workspace\nCOPY requirements.txt .\n"
            f"RUN python3 -m pip install --quiet --break-system-packages --no-cache-dir {compiled}"
            f"--index-url {scene.index} -r requirements.txt\nCOPY . .\nUSER 8888:0\n"
        )
        environment = {"DOCKER_BUILDKIT": "1"}
        flags = ("--quiet", "--network", "host", "--file", scene.folder / "Dockerfile", "--tag", image)
        run(DOCKER, "build", *flags, scene.model, env=environment)
