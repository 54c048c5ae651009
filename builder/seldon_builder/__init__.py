"""The lifecycle, the OCI images and the command line of seldon-python.

Plugins import ``hookimpl`` and the values of the hooks from here; everything else is reached by module.
"""

from __future__ import annotations

from .destination import Destination, Output, Written
from .detection import Detection, Requirement
from .digest import Digest
from .events import Event, EventKind
from .hookspecs import hookimpl
from .image import Image
from .layer import Layer, LayerKind
from .lock import Artifact, Lock
from .package_index import IndexCredential, PackageIndex
from .refusal import Refusal
from .secret import Secret
from .settings import Setting, Settings
from .source import Source, SourceFile
from .store import Store
from .target import Target

__all__ = [
    "Artifact",
    "Destination",
    "Detection",
    "Digest",
    "Event",
    "EventKind",
    "Image",
    "IndexCredential",
    "Layer",
    "LayerKind",
    "Lock",
    "Output",
    "PackageIndex",
    "Refusal",
    "Requirement",
    "Secret",
    "Setting",
    "Settings",
    "Source",
    "SourceFile",
    "Store",
    "Target",
    "Written",
    "hookimpl",
]
