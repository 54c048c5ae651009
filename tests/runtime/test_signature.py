"""How a model's predict wants to be called."""

# Models are written here as their authors write them.
# mypy: allow-untyped-defs, allow-untyped-calls
# ruff: noqa: ARG005, N803
from __future__ import annotations

import functools
from collections.abc import Callable

import pytest
from seldon_runtime.component.signature import adapted, adapted_feedback

X, NAMES, META = object(), ["a"], {"puid": "1"}


def unmarked(method):
    """As decorators are written that forget functools.wraps."""

    def call(*args, **kwargs):
        return method(*args, **kwargs)

    return call


def retried(when):
    def decorate(method):
        def call(*args, **kwargs):
            try:
                return method(*args, **kwargs)
            except ValueError as error:
                if not when(error):
                    raise

        return call

    return decorate


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

    @classmethod
    def of_class(cls, X, names):
        return (X, names)

    def positional_only(self, X, names, meta, /):
        return (X, names, meta)

    def with_names_and_arguments(self, X, names, *rest):
        return (X, names, *rest)

    def with_names_and_keywords(self, X, names, **kwargs):
        return (X, names, kwargs)

    def with_keyword_names(self, X, *, feature_names, meta=None):
        return (X, feature_names, meta)

    def with_keyword_of_its_own(self, X, names, *, verbose=False):
        return (X, names, verbose)

    def with_default_second(self, X, columns=()):
        return (X, columns)

    def anything(self, *args, **kwargs):
        return (*args, kwargs)

    def arguments_alone(self, *args):
        return args

    @unmarked
    def decorated(self, X, names):
        return (X, names)

    @unmarked
    @unmarked
    def decorated_twice(self, X):
        return (X,)

    @unmarked
    def decorated_with_meta(self, X, names, meta=None):
        return (X, names, meta)

    @retried(lambda error: False)
    def decorated_with_lambda(self, X, names):
        return (X, names)

    partial = functools.partialmethod(with_all, meta=None)


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
        ("of_class", (X, NAMES)),
        ("positional_only", (X, NAMES, META)),
        ("with_names_and_arguments", (X, NAMES)),
        ("with_names_and_keywords", (X, NAMES, {"meta": META})),
        ("with_keyword_names", (X, NAMES, META)),
        ("with_keyword_of_its_own", (X, NAMES, False)),
        ("with_default_second", (X, NAMES)),
        ("anything", (X, NAMES, {"meta": META})),
        ("arguments_alone", (X, NAMES)),
        ("decorated", (X, NAMES)),
        ("decorated_twice", (X,)),
        ("decorated_with_meta", (X, NAMES, META)),
        ("decorated_with_lambda", (X, NAMES)),
        ("partial", (X, NAMES, META)),
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
    def logged(method: Callable[..., object]) -> Callable[..., object]:
        @functools.wraps(method)
        def call(*args: object, **kwargs: object) -> object:
            return method(*args, **kwargs)

        return call

    assert adapted(logged(Methods().with_names))(X, NAMES, META) == (X, NAMES)


def test_a_function_set_on_the_object_is_read_with_what_it_lacks() -> None:
    def predict(model, X, names):
        return (X, names)

    assert adapted(functools.partial(predict, "model"))(X, NAMES, META) == (X, NAMES)


def test_a_decorator_that_holds_two_functions_tells_nothing() -> None:
    def both(first, second):
        return lambda *args, **kwargs: (first(), second(), args, kwargs)

    def one():
        return 1

    def two():
        return 2

    assert adapted(both(one, two))(X, NAMES, META) == (1, 2, (X, NAMES), {"meta": META})


class Feedbacks:
    def now(self, features, feature_names, reward, truth, routing):
        return (features, feature_names, reward, truth, routing)

    def optional(self, features, feature_names, reward, truth, routing=None):
        return (features, feature_names, reward, truth, routing)

    def keyword(self, features, feature_names, reward, truth, *, routing):
        return (features, feature_names, reward, truth, routing)

    def keywords(self, features, feature_names, reward, truth, **kwargs):
        return (features, feature_names, reward, truth, kwargs["routing"])

    def of_names_of_its_own(self, x, columns, score, target, branch):
        return (x, columns, score, target, branch)

    def first_routed(self, features, feature_names, routing, reward, truth):
        return (features, feature_names, reward, truth, routing)

    @unmarked
    def decorated(self, features, feature_names, reward, truth, routing):
        return (features, feature_names, reward, truth, routing)


class OlderFeedbacks:
    def four(self, features, feature_names, reward, truth):
        return (features, feature_names, reward, truth)

    def of_names_of_its_own(self, x, columns, score, target):
        return (x, columns, score, target)

    def arguments(self, *args):
        return args

    @unmarked
    def decorated(self, features, feature_names, reward, truth):
        return (features, feature_names, reward, truth)


def named(*kinds: type) -> list[Callable[..., object]]:
    return [getattr(kind(), name) for kind in kinds for name in vars(kind) if not name.startswith("__")]


@pytest.mark.parametrize("method", named(Feedbacks))
def test_feedback_is_given_with_its_routing(method: Callable[..., object]) -> None:
    assert adapted_feedback(method)(X, NAMES, 0.5, "truth", 1) == (X, NAMES, 0.5, "truth", 1)


@pytest.mark.parametrize("method", named(OlderFeedbacks))
def test_older_feedback_knows_no_routing(method: Callable[..., object]) -> None:
    assert adapted_feedback(method)(X, NAMES, 0.5, "truth", 1) == (X, NAMES, 0.5, "truth")
