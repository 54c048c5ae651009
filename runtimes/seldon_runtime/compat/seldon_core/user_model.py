"""The optional base class of components, and what their methods return and raise."""

# The names are seldon-core's: models call them by keyword.
# ruff: noqa: ARG002, N803
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seldon_runtime.component.response import SeldonResponse

from .flask_utils import SeldonMicroserviceException

__all__ = ["SeldonComponent", "SeldonMicroserviceException", "SeldonNotImplementedError", "SeldonResponse"]


class SeldonNotImplementedError(SeldonMicroserviceException):
    """Say that a method is not implemented: the server then does what it does where there is none."""

    status_code = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)


class SeldonComponent:
    """A component; what a subclass does not define counts as absent, and says so when it is called."""

    def __init__(self, **kwargs: object) -> None:
        """Take whatever arguments a subclass passes on."""

    def load(self) -> None:
        """Load nothing."""

    def tags(self) -> Mapping[str, object]:
        """Return tags for each answer's meta."""
        raise _missing("tags")

    def class_names(self) -> Any:
        """Return the names of an answer's columns."""
        raise _missing("class_names")

    def feature_names(self) -> Any:
        """Return the names of a request's columns."""
        raise _missing("feature_names")

    def metrics(self) -> Any:
        """Return a list of metrics."""
        raise _missing("metrics")

    def metadata(self) -> Mapping[str, object]:
        """Return what the component says of itself; older than init_metadata."""
        raise _missing("metadata")

    def init_metadata(self) -> Mapping[str, object]:
        """Return what the component says of itself."""
        raise _missing("init_metadata")

    def predict(self, X: Any, names: Any, meta: Any = None) -> Any:
        """Return the prediction for ``X``."""
        raise _missing("predict")

    def predict_raw(self, msg: Any) -> Any:
        """Return the answer to a whole message."""
        raise _missing("predict_raw")

    def transform_input(self, X: Any, names: Any, meta: Any = None) -> Any:
        """Return ``X`` transformed before a prediction."""
        raise _missing("transform_input")

    def transform_input_raw(self, msg: Any) -> Any:
        """Return the answer to a whole message."""
        raise _missing("transform_input_raw")

    def transform_output(self, X: Any, names: Any, meta: Any = None) -> Any:
        """Return ``X`` transformed after a prediction."""
        raise _missing("transform_output")

    def transform_output_raw(self, msg: Any) -> Any:
        """Return the answer to a whole message."""
        raise _missing("transform_output_raw")

    def route(self, features: Any, feature_names: Any) -> Any:
        """Return the number of the branch to take."""
        raise _missing("route")

    def route_raw(self, msg: Any) -> Any:
        """Return the answer to a whole message."""
        raise _missing("route_raw")

    def aggregate(self, features_list: Any, feature_names_list: Any) -> Any:
        """Return one payload made of several."""
        raise _missing("aggregate")

    def aggregate_raw(self, msgs: Any) -> Any:
        """Return the answer to a whole list of messages."""
        raise _missing("aggregate_raw")

    def send_feedback(
        self, features: Any, feature_names: Any, reward: float, truth: Any, routing: int | None
    ) -> Any:
        """Learn what an earlier answer was worth."""
        raise _missing("send_feedback")

    def send_feedback_raw(self, feedback: Any) -> Any:
        """Learn from a whole feedback message."""
        raise _missing("send_feedback_raw")

    def health_status(self) -> Any:
        """Return how the component is."""
        raise _missing("health_status")

    def health_status_raw(self) -> Any:
        """Return a whole message that says how the component is."""
        raise _missing("health_status_raw")


def _missing(name: str) -> SeldonNotImplementedError:
    return SeldonNotImplementedError(f"{name} is not implemented")
