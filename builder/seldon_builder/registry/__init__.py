"""Registries by hand: the OCI distribution protocol on ``http.client``."""

from __future__ import annotations
