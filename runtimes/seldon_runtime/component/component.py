"""The model's object as the fronts see it: its methods by name, typed, over whatever the author wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..metrics.recorder import Recorder
from .feedback import send_feedback
from .hopsworks import hopsworks_methods, transforms
from .lookup import find
from .metadata import Metadata
from .method import Method
from .methods import Methods, aggregate, health_status, predict, route, transform_input, transform_output
from .unit import Unit

CONTRACT = (predict, transform_input, transform_output, route, aggregate, send_feedback, health_status)


class Component:
    """A model's object, its methods looked up and their signatures read once.

    ``methods`` holds those of Seldon's contract by their Python name (``predict``, ``transform_input``,
    ``transform_output``, ``route``, ``aggregate``, ``send_feedback``, ``health_status``); ``verbs`` those
    that bodies with inputs or instances reach (``predict``, and ``classify`` and ``regress`` where the
    author wrote them). A method that the author did not write does what the contract says of its absence.
    ``transformer`` is a Hopsworks script's, which the verbs go through.
    """

    def __init__(self, user: object, unit: Unit, recorder: Recorder, transformer: object = None) -> None:
        self.user, self.unit = user, unit
        self.name = type(user).__name__
        methods = Methods(user, unit, recorder)
        self.methods: Mapping[str, Method[Any]] = {
            **{make.__name__: make(methods) for make in CONTRACT},
            **transforms(methods),
        }
        self.verbs: Mapping[str, Method[Any]] = hopsworks_methods(methods, transformer)
        self.metadata = Metadata(user, unit)

    def has(self, name: str) -> bool:
        """Tell whether the author wrote a method ``name``."""
        return find(self.user, name) is not None
