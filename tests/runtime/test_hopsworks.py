"""Classes written for Hopsworks, and bodies with inputs or instances."""

# Models are written here as their authors write them.
# mypy: allow-untyped-defs, allow-untyped-calls
# ruff: noqa: ARG002, N803
from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from seldon_runtime.codec.json_request import JsonRequest
from seldon_runtime.component.component import Component
from seldon_runtime.component.hopsworks_script import arguments_of, tell_script
from seldon_runtime.component.loading import construct, construct_transformer, find_class
from seldon_runtime.component.unit import Unit, unit_from
from seldon_runtime.errors import ModelStartFailed, ModuleBroken
from seldon_runtime.message import Answer, Kind
from seldon_runtime.metrics.recorder import Recorder
from seldon_runtime.request_errors import MethodMissing, ModelFailed, PayloadInvalid
from seldon_runtime.settings import ServerSettings

from tests.served import serving

ROWS = [[1, 2], [3, 4]]


class Predict:
    def predict(self, inputs):
        return [type(inputs).__name__, inputs]

    def classify(self, inputs):
        return ["class", *inputs]

    def regress(self, inputs):
        return {"regressed": len(inputs)}


class Predictor:
    async def predict(self, inputs):
        await asyncio.sleep(0)
        return np.asarray(inputs) * 2


class Transformer:
    def preprocess(self, inputs):
        return {"instances": [[value + 1 for value in row] for row in inputs["instances"]]}

    def postprocess(self, outputs):
        return {"predictions": ["after", outputs["predictions"]]}


class Recording(Recorder):
    def __init__(self) -> None:
        self.metrics: list[Mapping[str, object]] = []

    def custom(self, metrics, method):
        self.metrics += metrics


def component(user: object, transformer: object = None) -> Component:
    return Component(user, Unit(), Recording(), transformer)


def asked(whole: Component, verb: str, document: object) -> Any:
    method = whole.verbs[verb]
    request = JsonRequest(document)
    answer = asyncio.run(method.later(request)) if method.is_async else method.call(request)
    assert answer.kind is Kind.INPUTS
    return answer.payload


def transformed(user: object, path: str, document: object) -> Answer:
    return component(user).methods[path].call(JsonRequest(document))


@pytest.mark.parametrize("key", ["inputs", "instances"])
def test_a_script_gets_the_json_value_of_either_key(key: str) -> None:
    assert asked(component(Predict()), "predict", {key: ROWS}) == ["list", ROWS]


@pytest.mark.parametrize("value", [ROWS, [], {"a": 1}, "text", 5, None, [{"x": 1}]])
def test_a_script_gets_any_json_value(value: object) -> None:
    assert asked(component(Predict()), "predict", {"inputs": value})[1] == value


def test_instances_win_over_inputs() -> None:
    assert asked(component(Predict()), "predict", {"inputs": 1, "instances": 2}) == ["int", 2]


def test_classify_and_regress_are_served_where_they_are_written() -> None:
    assert asked(component(Predict()), "classify", {"inputs": [1]}) == ["class", 1]
    assert asked(component(Predict()), "regress", {"inputs": [1]}) == {"regressed": 1}
    assert set(component(Predictor()).verbs) == {"predict"}


def test_an_async_predict_is_awaited_and_its_array_becomes_a_list() -> None:
    assert asked(component(Predictor()), "predict", {"inputs": ROWS}) == [[2, 4], [6, 8]]


@pytest.mark.parametrize("document", [{"data": {"ndarray": [1]}}, {}, [1], None, "inputs"])
def test_a_body_without_inputs_is_refused(document: object) -> None:
    with pytest.raises(PayloadInvalid, match="inputs or instances"):
        asked(component(Predict()), "predict", document)


def test_what_a_script_raises_is_the_models_failure() -> None:
    class Failing:
        def predict(self, inputs):
            raise KeyError("column")

    with pytest.raises(ModelFailed, match="column"):
        asked(component(Failing()), "predict", {"inputs": []})


def test_a_seldon_class_gets_an_array() -> None:
    class Iris:
        def predict(self, X, features_names, meta=None):
            return X.sum(axis=1)

    assert asked(component(Iris()), "predict", {"inputs": ROWS}) == [3, 7]


def test_a_seldon_class_that_happens_to_be_called_predictor_gets_an_array() -> None:
    class Predictor:
        def predict(self, X, names):
            return X.sum(axis=1)

    assert asked(component(Predictor()), "predict", {"inputs": ROWS}) == [3, 7]


def test_a_seldon_class_gets_what_is_no_rows_as_it_is() -> None:
    class Echo:
        def predict(self, X):
            return X

    assert asked(component(Echo()), "predict", {"inputs": {"a": 1}}) == {"a": 1}


def test_a_script_gets_an_array_from_a_seldon_body() -> None:
    answer = component(Predict()).methods["predict"].call(JsonRequest({"data": {"ndarray": ROWS}}))

    assert isinstance(answer.payload, list)
    assert answer.payload[0] == "ndarray"


def test_ragged_rows_are_refused_where_an_array_is_wanted() -> None:
    class Iris:
        def predict(self, X, names):
            return X

    with pytest.raises(PayloadInvalid, match="differ"):
        asked(component(Iris()), "predict", {"instances": [[1], [1, 2]]})


def test_the_metrics_of_a_component_count_for_verbs_too() -> None:
    class Iris:
        def predict(self, X, names):
            return X

        def metrics(self):
            return [{"type": "COUNTER", "key": "asked", "value": 1}]

    recorder = Recording()
    asked(Component(Iris(), Unit(), recorder), "predict", {"inputs": ROWS})

    assert [metric["key"] for metric in recorder.metrics] == ["asked"]


def test_a_class_without_predict_says_so() -> None:
    with pytest.raises(MethodMissing, match=r"object does not define predict\(\)"):
        asked(component(object()), "predict", {"inputs": []})


def test_a_transformer_stands_before_and_after_every_verb() -> None:
    whole = component(Predict(), Transformer())

    assert asked(whole, "predict", {"instances": ROWS}) == ["after", ["list", [[2, 3], [4, 5]]]]
    assert asked(whole, "classify", {"instances": [[1]]}) == ["after", ["class", [2]]]


def test_a_transformer_may_return_bare_values_and_do_half() -> None:
    class Half:
        def preprocess(self, inputs):
            return np.array(inputs["inputs"]) + 1

    assert asked(component(Predict(), Half()), "predict", {"inputs": [1]})[0] == "ndarray"


def test_a_transformer_may_be_awaited() -> None:
    class Later:
        async def preprocess(self, inputs):
            await asyncio.sleep(0)
            return inputs["instances"]

        async def postprocess(self, outputs):
            return {"outputs": outputs["predictions"]}

    assert asked(component(Predict(), Later()), "predict", {"instances": 1}) == ["int", 1]
    assert asked(component(Predictor(), Later()), "predict", {"instances": [1]}) == [2]


def test_a_transformer_leaves_seldons_bodies_alone() -> None:
    predict = component(Predict(), Transformer()).methods["predict"]
    payload: Any = predict.call(JsonRequest({"data": {"ndarray": [7]}})).payload

    assert payload[1].tolist() == [7]


def test_a_transformer_alone_transforms_bodies_of_its_own() -> None:
    before = transformed(Transformer(), "transform_input", {"instances": ROWS})
    after = transformed(Transformer(), "transform_output", {"predictions": [1]})

    assert (before.kind, before.payload) == (Kind.RAW, {"instances": [[2, 3], [4, 5]]})
    assert (after.kind, after.payload) == (Kind.RAW, {"predictions": ["after", [1]]})


def test_a_transformer_alone_transforms_seldons_bodies() -> None:
    answer = transformed(Transformer(), "transform_input", {"data": {"ndarray": ROWS}})

    assert (answer.kind, answer.payload) == (Kind.NDARRAY, [[2, 3], [4, 5]])


def test_a_transformers_bare_value_is_wrapped() -> None:
    class Bare:
        def preprocess(self, inputs):
            return np.array(inputs["instances"])

    Bare.__name__ = "Transformer"

    assert transformed(Bare(), "transform_input", {"instances": [1]}).payload == {"instances": [1]}


def test_half_a_transformer_changes_nothing_else() -> None:
    class Half:
        def preprocess(self, inputs):
            return inputs

    Half.__name__ = "Transformer"

    assert transformed(Half(), "transform_output", {"strData": "as it is"}).payload == "as it is"


def test_a_transformer_alone_predicts_nothing_and_says_what_it_does() -> None:
    with pytest.raises(MethodMissing, match="it transforms, at /transform-input"):
        asked(component(Transformer()), "predict", {"instances": ROWS})


def test_a_seldon_class_with_preprocess_is_no_transformer() -> None:
    class Iris:
        def preprocess(self, x):
            raise AssertionError

        def predict(self, X, names):
            return X

    answer = transformed(Iris(), "transform_input", {"data": {"ndarray": [1]}})

    assert np.asarray(answer.payload).tolist() == [1]


@pytest.fixture
def imports() -> Iterator[None]:
    """Forget what a test imports."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def made(folder: Path, name: str = "Predict", **files: str) -> tuple[object, object | None]:
    for module, code in files.items():
        (folder / f"{module}.py").write_text(code)
    settings = ServerSettings(f"script_{folder.name}.{name}", folder)
    user = construct(find_class(settings.model_name, folder), settings)
    return user, construct_transformer(user, settings)


PREDICT = "class Predict:\n    def predict(self, inputs): return inputs\n"
TRANSFORM = "class Transformer:\n    def preprocess(self, inputs): return inputs\n"


def test_a_transformer_of_the_scripts_own_module_is_found(tmp_path: Path, imports: None) -> None:
    _, transformer = made(tmp_path, **{f"script_{tmp_path.name}": PREDICT + TRANSFORM})

    assert type(transformer).__name__ == "Transformer"


def test_a_transformer_of_transformer_py_is_found(tmp_path: Path, imports: None) -> None:
    _, transformer = made(tmp_path, **{f"script_{tmp_path.name}": PREDICT, "transformer": TRANSFORM})

    assert type(transformer).__module__ == "transformer"


def test_a_seldon_class_has_no_transformer_beside_it(tmp_path: Path, imports: None) -> None:
    code = "class Iris:\n    def predict(self, X, names): return X\n"
    _, transformer = made(tmp_path, "Iris", **{f"script_{tmp_path.name}": code, "transformer": "1 / 0"})

    assert transformer is None


def test_what_only_shares_the_name_is_no_transformer(tmp_path: Path, imports: None) -> None:
    _, transformer = made(tmp_path, **{f"script_{tmp_path.name}": PREDICT + "class Transformer: pass\n"})

    assert transformer is None


def test_a_transformer_that_cannot_be_imported_or_made_is_named(tmp_path: Path, imports: None) -> None:
    script = f"script_{tmp_path.name}"
    with pytest.raises(ModuleBroken, match="transformer failed: ZeroDivisionError"):
        made(tmp_path, **{script: PREDICT, "transformer": "1 / 0"})
    broken = TRANSFORM + "    def __init__(self, missing): pass\n"
    with pytest.raises(ModelStartFailed, match=r"Transformer did not start"):
        made(tmp_path, **{script: PREDICT, "transformer": broken})


def test_a_script_is_told_where_it_lies(tmp_path: Path) -> None:
    variables = {"MODEL_FILES_PATH": "/elsewhere", "PREDICTIVE_UNIT_ID": "churn"}
    tell_script(variables, "predict.Predict", tmp_path)

    assert variables == {
        "MODEL_FILES_PATH": "/elsewhere",
        "ARTIFACT_FILES_PATH": str(tmp_path),
        "SCRIPT_PATH": f"{tmp_path}/predict.py",
        "SCRIPT_NAME": "predict.py",
        "IS_PREDICTOR": "true",
        "DEPLOYMENT_NAME": "churn",
        "PREDICTIVE_UNIT_ID": "churn",
    }


@pytest.mark.parametrize(
    ("model_name", "script"),
    [("Iris", "Iris.py"), ("a.b.Iris", "a/b.py"), ("package.Iris", "package/__init__.py")],
)
def test_the_path_of_a_script_is_that_of_its_module(tmp_path: Path, model_name: str, script: str) -> None:
    (tmp_path / "package").mkdir()
    variables: dict[str, str] = {}
    tell_script(variables, model_name, tmp_path)

    assert variables["SCRIPT_PATH"] == f"{tmp_path}/{script}"


def test_a_transformer_is_told_that_it_is_one(tmp_path: Path) -> None:
    variables: dict[str, str] = {}
    tell_script(variables, "transformer.Transformer", tmp_path)

    assert variables["IS_TRANSFORMER"] == "true"
    assert "IS_PREDICTOR" not in variables


def test_a_constructor_gets_what_it_asks_for() -> None:
    class Predict:
        def __init__(self, project, deployment, model, async_logger, other=1):
            pass

    variables = {"HOPSWORKS_PROJECT_NAME": "shop", "MODEL_VERSION": "3", "DEPLOYMENT_NAME": "churn"}
    given: Any = arguments_of(Predict, unit_from(variables, "Predict"))

    assert (given["project"].name, given["model"].version, given["deployment"].name) == ("shop", "3", "churn")
    assert given["async_logger"] is None
    assert "other" not in given


def test_a_seldon_class_that_lacks_an_argument_is_not_given_one() -> None:
    class Iris:
        def __init__(self, model):
            pass

    with pytest.raises(ModelStartFailed, match="model"):
        construct(Iris, ServerSettings("Iris", Path("/")))


def test_a_script_reads_its_variables_while_it_is_imported(tmp_path: Path) -> None:
    code = """
    import os
    FILES = os.environ["MODEL_FILES_PATH"]

    class Predict:
        def predict(self, inputs):
            return [FILES, os.environ["SCRIPT_NAME"]]
    """
    with serving(tmp_path, code, {"MODEL_NAME": "Model.Predict"}) as server:
        reply = server.ask({"data": {"ndarray": [1]}})

    assert reply.json["data"]["ndarray"] == [str(tmp_path), "Model.py"]
