# ruff: noqa: ARG002, N803
"""A model that does what the tag ``do`` of a request says; seldon-core's server and ours run the same."""

import datetime

import numpy as np
from seldon_core.flask_utils import SeldonMicroserviceException
from seldon_core.user_model import SeldonNotImplementedError, SeldonResponse

COUNTER = {"type": "COUNTER", "key": "calls", "value": 1}
GAUGE = {"type": "GAUGE", "key": "level", "value": 0.5}


def raising(error):
    raise error


RETURNED = {
    "input": lambda x: x,
    # Arrays.
    "floats": lambda _: np.array([[1.5, 2.0], [3.0, -0.25]]),
    "whole floats": lambda _: np.array([[1.0, 2.0]]),
    "ints": lambda _: np.array([[1, 2], [3, 4]]),
    "int8": lambda _: np.array([[1, 2]], np.int8),
    "uint64": lambda _: np.array([[2**63]], np.uint64),
    "float32": lambda _: np.array([[0.1, 0.2]], np.float32),
    "float16": lambda _: np.array([[0.5]], np.float16),
    "bools": lambda _: np.array([[True, False]]),
    "texts": lambda _: np.array([["a", "ü"]]),
    "objects": lambda _: np.array([[1, None, "a"]], object),
    "one-dimensional": lambda _: np.array([1.5, 2.5]),
    "three-dimensional": lambda _: np.arange(8).reshape(2, 2, 2),
    "nought-dimensional": lambda _: np.array(3.5),
    "empty": lambda _: np.array([]),
    "no rows": lambda _: np.zeros((0, 3)),
    "strided": lambda _: np.arange(12).reshape(3, 4)[:, ::2],
    "fortran": lambda _: np.asfortranarray(np.arange(6).reshape(2, 3)),
    "big endian": lambda _: np.array([[1.5, 2.5]], ">f8"),
    "nan": lambda _: np.array([[np.nan, np.inf, -np.inf]]),
    "complex": lambda _: np.array([[1 + 2j]]),
    "dates": lambda _: np.array([["2026-01-02"]], "datetime64[D]"),
    "bytes array": lambda _: np.array([[b"a"]]),
    "matrix": lambda _: np.asmatrix([[1.0, 2.0]]),
    # Lists.
    "list": lambda _: [[1, 2.5], [3, 4]],
    "list of ints": lambda _: [1, 2, 3],
    "list of texts": lambda _: ["a", "b"],
    "mixed list": lambda _: [[1, "a", True]],
    "list of dicts": lambda _: [{"a": 1}, {"a": 2}],
    "list of arrays": lambda _: [np.array([1, 2]), np.array([3, 4])],
    "list of numpy scalars": lambda _: [np.float64(1.5), np.int64(2)],
    "list of tuples": lambda _: [(1, 2), (3, 4)],
    "list with none": lambda _: [None, 1],
    "empty list": lambda _: [],
    "list of an empty list": lambda _: [[]],
    "ragged list": lambda _: [[1], [2, 3]],
    "huge ints": lambda _: [2**70],
    # The rest.
    "text": lambda _: "text ü",
    "empty text": lambda _: "",
    "bytes": lambda _: b"\x00\xff",
    "bytearray": lambda _: bytearray(b"ab"),
    "dict": lambda _: {"b": 1, "a": [1.5, None, True, {"ü": "x"}]},
    "empty dict": lambda _: {},
    "dict with numpy": lambda _: {"a": np.float64(1.5), "b": np.arange(2)},
    "dict with int keys": lambda _: {1: "a"},
    "dict with a date": lambda _: {"a": datetime.date(2026, 1, 2)},
    "none": lambda _: None,
    "float": lambda _: 1.5,
    "int": lambda _: 3,
    "bool": lambda _: True,
    "numpy scalar": lambda _: np.float64(1.5),
    "tuple": lambda _: (1, 2),
    "set": lambda _: {1},
    # With tags and metrics of this answer alone.
    "response": lambda _: SeldonResponse([[1, 2]], tags={"own": 1, "shared": "answer"}, metrics=[GAUGE]),
    "response of text": lambda _: SeldonResponse("x"),
    "response of nothing": lambda _: SeldonResponse(None),
    "response with a bad metric": lambda _: SeldonResponse([1], metrics=[{"key": "k"}]),
    # What goes wrong.
    "raise": lambda _: raising(ValueError("went wrong")),
    "raise nothing said": lambda _: raising(ValueError()),
    "raise type error": lambda _: raising(TypeError("went wrong")),
    "raise key error": lambda _: raising(KeyError("lost")),
    "refuse": lambda _: raising(SeldonMicroserviceException("no", 418, reason="TEAPOT")),
    "refuse plainly": lambda _: raising(SeldonMicroserviceException("no")),
    "not implemented": lambda _: raising(SeldonNotImplementedError("no such thing")),
}
ROUTES = {
    "input": lambda _: 1,
    "ints": lambda _: np.int64(2),
    "bool": lambda _: True,
    "int": lambda _: -1,
    "response": lambda _: SeldonResponse(2, tags={"own": 1}),
}


class Model:
    """``extras`` turns tags, metrics and class_names on; REST and gRPC ask after each other."""

    def __init__(self):
        self.extras = False

    def _do(self, x, meta, known=RETURNED):
        tags = (meta or {}).get("tags", {})
        self.extras = tags.get("extras", False)
        return known.get(tags.get("do", "input"), RETURNED.get(tags.get("do")))(x)

    def predict(self, X, names, meta=None):
        return self._do(X, meta)

    def transform_input(self, X, names, meta=None):
        return self._do(X, meta)

    def transform_output(self, X, names, meta=None):
        return self._do(X, meta)

    def route(self, X, names, meta=None):
        return self._do(X, meta, ROUTES)

    def aggregate(self, Xs, names):
        self.extras = False
        if not isinstance(Xs[0], str):
            return Xs[0]
        if Xs[0] == "names":
            return {"names": [list(each) for each in names], "types": [type(X).__name__ for X in Xs]}
        return RETURNED[Xs[0]](Xs[1])

    def send_feedback(self, features, feature_names, reward, truth, routing=None):
        self.extras = False
        names = list(feature_names)
        if names[:1] == ["do"]:
            return RETURNED[names[1]](features)
        return {
            "features": features.tolist(),
            "type": str(features.dtype),
            "names": names,
            "reward": reward,
            "truth": truth.tolist(),
            "routing": routing,
        }

    def tags(self):
        return {"model": True, "shared": "model", "list": [1, "a"]} if self.extras else {}

    def metrics(self):
        return [COUNTER] if self.extras else []

    def class_names(self):
        if not self.extras:
            raise SeldonNotImplementedError("class_names is not implemented")
        return ["first", "second"]

    def init_metadata(self):
        return {"name": "contract", "custom": {"a": "b"}}
