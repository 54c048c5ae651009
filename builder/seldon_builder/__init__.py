"""The lifecycle, the OCI images and the command line of seldon-python.

What plugins need stands here and stays; everything else is reached by module and may change with any release.
docs/hooks.md lists it by what a plugin does.
"""

from __future__ import annotations

from .destination import Destination, Output, Written
from .detection import Detection, Requirement
from .digest import Digest
from .entry import Entry, file, folder, link
from .errors import SeldonError
from .events import Emit, Event, EventKind, decision, progress, warning
from .hookspecs import hookimpl
from .image import Image
from .interpreter import Interpreter
from .layer import Layer, LayerKind
from .layers.packing import cache_key, layer_from_entries
from .lock import Artifact, Lock, LockFile
from .package_index import IndexCredential, IndexPin, PackageIndex
from .reference import Reference
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
    "Emit",
    "Entry",
    "Event",
    "EventKind",
    "Image",
    "IndexCredential",
    "IndexPin",
    "Interpreter",
    "Layer",
    "LayerKind",
    "Lock",
    "LockFile",
    "Output",
    "PackageIndex",
    "Reference",
    "Refusal",
    "Requirement",
    "Secret",
    "SeldonError",
    "Setting",
    "Settings",
    "Source",
    "SourceFile",
    "Store",
    "Target",
    "Written",
    "cache_key",
    "decision",
    "file",
    "folder",
    "hookimpl",
    "layer_from_entries",
    "link",
    "progress",
    "warning",
]
