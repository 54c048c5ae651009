"""What we answer in another way than seldon-core 1.17.1, and why; the names of questions are patterns."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

ONCE = "a TypeError inside the model is its failure; the model does not run a second time"
NO_PREDICT = "a model without predict is told so, not answered with nothing"
TFTENSOR = "tftensor needs no TensorFlow"
SCALAR = "an array of no dimensions is a tensor, for want of a list"
NUMPY_ROUTE = "a branch may be numpy's integer"
# Of a route only these differ: what is no branch is refused by both.
ROUTES = {
    "route returning ints": NUMPY_ROUTE,
    "route ints with extras": NUMPY_ROUTE,
    "route returning raise type error": ONCE,
    "route returning *": "",
}
CLIENTS_FAULT = "what no array can be is the client's fault: 400, not 500"
UNWRITABLE = "what no message can carry is answered as such: 400, not 500"
LIKE_THE_REST = "a feedback is answered as other methods are: names, whole numbers, text as it is"
# Lists of one dimension: seldon-core leaves empty names out, and makes floats of all numbers.
FLAT = (
    *("one-dimensional", "empty", "list of ints", "list of texts", "list of dicts", "list with none"),
    *("list of numpy scalars", "mixed list", "empty list", "list of an empty list", "none"),
    *("response of nothing", "not implemented", "bytearray", "dict with int keys", "nought-dimensional"),
)
REFUSED = ("float", "int", "bool", "numpy scalar", "tuple", "set")
REST_DEVIATIONS: Mapping[str, str] = {
    **ROUTES,
    "* tftensor": TFTENSOR,
    "* tensor that does not fill": CLIENTS_FAULT,
    "* tensor without shape": CLIENTS_FAULT,
    "* ragged ndarray": CLIENTS_FAULT,
    "feedback ragged": CLIENTS_FAULT,
    "* data null": CLIENTS_FAULT,
    "* data a list": "data is an object",
    "* binData no base64": "binData is base64, whole",
    "* meta null": "null is no meta",
    "aggregate none": CLIENTS_FAULT,
    "*float32*": "a float32 is the shortest decimal that is read back as it",
    "*nan*": "NaN and infinities are null: the answer is JSON",
    "*dates*": "dates are ISO 8601",
    "*dict with a date*": "dates are ISO 8601",
    "*huge ints*": "a whole number has 64 bits",
    "predict matrix for tensor": "a tensor's values are a flat list",
    "predict matrix for text": "a tensor's values are a flat list",
    "aggregate returning matrix": "a tensor's values are a flat list",
    "*complex*": UNWRITABLE,
    "*bytes array*": UNWRITABLE,
    "*ragged list*": "a ragged list goes back as it is",
    "*dict with numpy*": "numpy's values are numbers and lists",
    "predict list of arrays for ndarray": "numpy's values are numbers and lists",
    "predict list of numpy scalars for ndarray": "numpy's values are numbers and lists",
    "transform_input returning list of arrays": "numpy's values are numbers and lists",
    "transform_input returning list of numpy scalars": "numpy's values are numbers and lists",
    "predict raise type error for *": ONCE,
    "transform_input returning raise type error": ONCE,
    "predict not implemented for *": NO_PREDICT,
    "feedback reward text": "a reward is a number",
    "feedback unknown field within": "what is unknown within a message is left alone, as by predict",
    **{f"feedback returning {what}": LIKE_THE_REST for what in FLAT},
    **{f"feedback returning {what}": UNWRITABLE for what in REFUSED},
}
GRPC_DEVIATIONS: Mapping[str, str] = {
    **ROUTES,
    "* tftensor": TFTENSOR,
    "* tensor without shape": "a shape of no dimensions has one value",
    "predict nought-dimensional for ndarray": SCALAR,
    "transform_input returning nought-dimensional": SCALAR,
    "feedback returning nought-dimensional": SCALAR,
    "*dates*": "dates are ISO 8601 text, as over REST",
    "*dict with a date*": "dates are ISO 8601 text, as over REST",
    "*mixed list*": "the values of a mixed list keep their types, as over REST",
    "*ragged list*": "a ragged list goes back as it is",
    "*bytearray*": "a bytearray is bytes, as over REST",
    "*dict with numpy*": "numpy's values in a dict are numbers and lists",
    "*dict with int keys*": "keys are written as text, as over REST",
    "predict raise type error for *": ONCE,
    "transform_input returning raise type error": ONCE,
    "predict not implemented for *": NO_PREDICT,
}
ANY_TYPE = "JSON is read whatever its content type"
WAY_DEVIATIONS: Mapping[str, str] = {
    "json with NaN": "NaN and infinities are null: the answer is JSON",
    "json with a large number": "a number that no float can be is refused",
    "json with a long number": "a whole number has 64 bits; a longer one is a float",
    "json in utf-16": "JSON between systems is UTF-8 (RFC 8259)",
    "text": ANY_TYPE,
    "no content type": ANY_TYPE,
    "octets": ANY_TYPE,
    "json as a form": "curl's default content type is taken for JSON where the body looks like it",
    "form, not json": CLIENTS_FAULT,
    "query, not json": CLIENTS_FAULT,
    "query of the long path": "405 is 405",
    "put": "405 is 405",
    "delete": "405 is 405",
    "path with a slash": "404 is 404",
    "multipart binData bare text": "binData may be a text part as it is",
    "multipart jsonData, not json": CLIENTS_FAULT,
    "multipart json": "a part named json is the message, as the form field is",
}
PLACE_DEVIATIONS: Mapping[str, str] = {
    "/nowhere": "404 is 404",
    "/": "404 is 404",
    "/api/v1.0/predictions": "405 is 405",
}


def reason(name: str, deviations: Mapping[str, str]) -> str:
    """Return why the answer to ``name`` differs, nothing where it does not."""
    return next((why for pattern, why in deviations.items() if fnmatchcase(name, pattern)), "")
