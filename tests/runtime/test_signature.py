"""How a model's predict wants to be called."""

# Models are written here as their authors write them.
# mypy: allow-untyped-defs, allow-untyped-calls
# ruff: noqa: N803
from __future__ import annotations

from collections.abc import Callable

import pytest
from seldon_runtime.component.signature import adapted

X, NAMES, META = object(), ["a"], {"puid": "1"}


class Methods:
    def alone(self, X):
        return (X,)

    def with_names(self, X, names):
        return (X, names)

    def with_feature_names(self, X, feature_names=None):
        return (X, feature_names)

    def with_features_names(self, X, features_names):
        return (X, features_names)

    def with_any_second(self, X, columns):
        return (X, columns)

    def with_all(self, X, names, meta):
        return (X, names, meta)

    def with_optional_meta(self, X, names=None, meta=None):
        return (X, names, meta)

    def with_any_third(self, X, columns, extra):
        return (X, columns, extra)

    def with_optional_third(self, X, names, verbose="no"):
        return (X, names, verbose)

    def with_meta_only(self, X, meta):
        return (X, meta)

    def with_meta_first(self, X, meta, names):
        return (X, meta, names)

    def with_keyword_meta(self, X, names, *, meta):
        return (X, names, meta)

    def with_keywords(self, X, **kwargs):
        return (X, kwargs["names"], kwargs["meta"])

    def with_arguments(self, X, *rest):
        return (X, *rest)

    def with_both(self, X, *rest, **kwargs):
        return (X, *rest, kwargs)

    def with_names_later(self, X, threshold=0.5, names=None):
        return (X, threshold, names)

    @staticmethod
    def static(X, names):
        return (X, names)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("alone", (X,)),
        ("with_names", (X, NAMES)),
        ("with_feature_names", (X, NAMES)),
        ("with_features_names", (X, NAMES)),
        ("with_any_second", (X, NAMES)),
        ("with_all", (X, NAMES, META)),
        ("with_optional_meta", (X, NAMES, META)),
        ("with_any_third", (X, NAMES, META)),
        ("with_optional_third", (X, NAMES, "no")),
        ("with_meta_only", (X, META)),
        ("with_meta_first", (X, META, NAMES)),
        ("with_keyword_meta", (X, NAMES, META)),
        ("with_keywords", (X, NAMES, META)),
        ("with_arguments", (X, NAMES)),
        ("with_both", (X, NAMES, {"meta": META})),
        ("with_names_later", (X, 0.5, NAMES)),
        ("static", (X, NAMES)),
    ],
)
def test_a_method_is_given_what_its_signature_takes(name: str, given: tuple[object, ...]) -> None:
    assert adapted(getattr(Methods(), name))(X, NAMES, META) == given


def test_a_compiled_method_without_a_signature_gets_data_and_names() -> None:
    # dict.update and its kind tell no signature on some versions; getattr's never did before 3.13.
    class Untold:
        __signature__ = "none"

        def __call__(self, *given: object) -> object:
            return given

    assert adapted(Untold())(X, NAMES, META) == (X, NAMES)


def test_a_decorated_method_is_read_through_its_decorator() -> None:
    import functools

    def logged(method: Callable[..., object]) -> Callable[..., object]:
        @functools.wraps(method)
        def call(*args: object, **kwargs: object) -> object:
            return method(*args, **kwargs)

        return call

    assert adapted(logged(Methods().with_names))(X, NAMES, META) == (X, NAMES)
