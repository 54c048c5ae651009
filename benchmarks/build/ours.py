"""Our side: ``seldon-python build``."""

from __future__ import annotations

import os
import shutil
import sys
import time
from dataclasses import dataclass

from .scene import Scene, run


@dataclass
class Side:
    scene: Scene
    bytecode: bool

    def forget(self) -> None:
        """Start from an empty store and a daemon without the image."""
        shutil.rmtree(self.scene.folder / "store", ignore_errors=True)

    def push(self) -> float:
        return self._build(f"{self.scene.registry}/ours/model:1", "registry")

    def load(self) -> float:
        return self._build("seldon-benchmark-ours", "docker")

    def _build(self, image: str, output: str) -> float:
        scene = self.scene
        command = (
            *(sys.executable, "-P", "-m", "seldon_builder", "build", scene.model, image),
            *("--output", output, "--run-image", scene.base, "--store", scene.folder / "store"),
            *("-e", "MODEL_NAME=Model", "-e", f"PIP_INDEX_URL={scene.index}", "--quiet"),
            *(() if self.bytecode else ("--no-bytecode",)),
        )
        began = time.monotonic()
        run(*command, env=dict(os.environ))
        return time.monotonic() - began
