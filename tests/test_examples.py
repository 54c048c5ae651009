"""The examples are what they say."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import joblib
import numpy as np
import pytest
from seldon_builder.events import silent
from seldon_builder.inputs.model_name import infer_model_name
from seldon_builder.inputs.settings_reading import read_settings
from seldon_builder.inputs.source_reading import read_source

EXAMPLES = Path(__file__).parents[1] / "examples"


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("example", "name"), [("iris", "Iris"), ("mean", "MeanClassifier"), ("torch-cpu", "Encoder")]
)
def test_the_model_of_each_example_is_found(example: str, name: str) -> None:
    source = read_source(EXAMPLES / example, silent)

    assert infer_model_name(source, read_settings(source), silent) == name


def test_training_is_reproducible_and_gives_the_weights_that_are_there(tmp_path: Path) -> None:
    train = loaded(EXAMPLES / "iris/train_iris.py").train
    accuracies = [train(tmp_path / name) for name in ("one", "two")]
    trained, there = (joblib.load(path) for path in (tmp_path / "one", EXAMPLES / "iris/model.joblib"))

    assert min(accuracies) > 0.95
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    # Other processors add in another order, so the last digits may differ.
    np.testing.assert_allclose(trained.coef_, there.coef_, rtol=1e-4)


def test_iris_tells_the_species(tmp_path: Path) -> None:
    model = loaded(EXAMPLES / "iris/Iris.py").Iris()

    likely = model.predict([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]).argmax(axis=1)

    assert [model.class_names[index] for index in likely] == ["setosa", "virginica"]


def test_mean_answers_one_column() -> None:
    answer = loaded(EXAMPLES / "mean/MeanClassifier.py").MeanClassifier().predict([[0.1, 0.2], [0.9, 0.8]])

    assert answer.shape == (2, 1)
    assert answer[0, 0] < 0.5 < answer[1, 0]
