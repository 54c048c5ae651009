"""Which class is the model, found without running a line of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from seldon_builder.errors.source import (
    ModelClassMissing,
    ModelModuleMissing,
    ModelNotParsable,
    ModelNotRecognised,
    SettingInvalid,
    SeveralModels,
)
from seldon_builder.events import Event, EventKind, silent
from seldon_builder.inputs.model_name import infer_model_name, with_model_name
from seldon_builder.inputs.settings_reading import read_settings
from seldon_builder.inputs.source_reading import read_source
from seldon_builder.settings import Setting, Settings

MODELS = Path(__file__).parent / "models"
PREDICT = "    def predict(self, X, names=None):\n        return X\n"


def named(name: str) -> Settings:
    return Settings((Setting("MODEL_NAME", name, "-e"),))


def infer(folder: Path, files: dict[str, str], given: str = "", told: list[Event] | None = None) -> str:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    settings = named(given) if given else Settings()
    return infer_model_name(
        read_source(folder, silent), settings, told.append if told is not None else silent
    )


def model(name: str, body: str = PREDICT, base: str = "") -> str:
    return f"class {name}{base}:\n{body}"


FOUND = [
    ("echo", "Echo"),
    ("hopsworks_predict", "flower_predictor.Predict"),
    ("inherited", "Tree"),
    ("lowercase", "mean_score.MeanScore"),
    ("package", "churn.model.Churn"),
]


@pytest.mark.parametrize(("folder", "name"), FOUND)
def test_the_model_of_each_folder_is_found(folder: str, name: str) -> None:
    source = read_source(MODELS / folder, silent)

    assert infer_model_name(source, read_settings(source), silent) == name


SUBCLASS = "from seldon_core.user_model import SeldonComponent\nclass Iris(SeldonComponent): ...\n"
GUARDED = """
try:
    import numpy
except ImportError:
    class Iris:
        def predict(self, X): ...
"""
ASIDE = {
    "tests/Two.py": model("Two"),
    "test_Three.py": model("test_Three"),
    "train_Four.py": model("train_Four"),
    "setup.py": model("setup"),
}
INFERRED = {
    "package": ({"Iris/__init__.py": model("Iris")}, "Iris"),
    "reexported": ({"Iris/__init__.py": "from .impl import Iris\n", "Iris/impl.py": model("Iris")}, "Iris"),
    "nested": ({"src/Iris.py": model("Iris")}, "src.Iris.Iris"),
    "top wins": ({"Iris.py": model("Iris"), "lib/Tree.py": model("Tree")}, "Iris"),
    "exact wins": ({"Iris.py": model("Iris"), "tree.py": model("Tree")}, "Iris"),
    "async": ({"Iris.py": "class Iris:\n    async def predict(self, X): ...\n"}, "Iris"),
    "raw": ({"Iris.py": "class Iris:\n    def predict_raw(self, m): ...\n"}, "Iris"),
    "router": ({"Ab.py": "class Ab:\n    def route(self, X, n): ...\n"}, "Ab"),
    "outlier": ({"Far.py": "class Far:\n    def score(self, X, n): ...\n"}, "Far"),
    "assigned": ({"Iris.py": "def f(s, X): ...\nclass Iris:\n    predict = f\n"}, "Iris"),
    "component": ({"Iris.py": SUBCLASS}, "Iris"),
    "guarded": ({"Iris.py": GUARDED}, "Iris"),
    "Hopsworks folder": (
        {
            "predict.py": "class Predict:\n    def predict(self, inputs): ...\n",
            "transformer.py": "class Transformer:\n    def preprocess(self, inputs): ...\n",
            "requirements.txt": "numpy\n",
        },
        "predict.Predict",
    ),
    "transformer alone": (
        {"transformer.py": "class Transformer:\n    def preprocess(self, inputs): ...\n"},
        "transformer.Transformer",
    ),
    "model beside a transformer": (
        {
            "mean_score.py": "class MeanScore:\n    def predict(self, X): ...\n",
            "steps.py": "class Transformer:\n    def postprocess(self, outputs): ...\n",
        },
        "mean_score.MeanScore",
    ),
    "predictor beside its transformer": (
        {
            "mine.py": "import transformer\nclass Predictor:\n    def classify(self, x): ...\n",
            "transformer.py": "class Transformer:\n    def preprocess(self, inputs): ...\n",
        },
        "mine.Predictor",
    ),
    "predictor": (
        {"script.py": "class Predictor:\n    async def predict(self, x): ...\n"},
        "script.Predictor",
    ),
    "tests aside": ({"Iris.py": model("Iris"), **ASIDE}, "Iris"),
    "others aside": ({"Iris.py": model("Iris"), "Scaler.py": "class Scaler:\n    x = 1\n"}, "Iris"),
    "unicode": ({"Größe.py": model("Größe")}, "Größe"),
}


@pytest.mark.parametrize(("files", "name"), INFERRED.values(), ids=INFERRED)
def test_the_only_class_that_can_be_the_model_is_it(tmp_path: Path, files: dict[str, str], name: str) -> None:
    assert infer(tmp_path, files) == name


def test_inferring_says_what_and_why(tmp_path: Path) -> None:
    told: list[Event] = []

    infer(tmp_path, {"Iris.py": "# a line\n" + model("Iris")}, told=told)

    assert [(event.kind, event.message) for event in told] == [
        (
            EventKind.DECISION,
            "MODEL_NAME=Iris: class Iris has the name of its module and has predict (Iris.py:2)",
        )
    ]


def test_the_code_is_never_run(tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    code = f"open({str(proof)!r}, 'w').close()\nimport does_not_exist\n" + model("Iris")

    assert infer(tmp_path / "model", {"Iris.py": code}) == "Iris"
    assert not proof.exists()
    assert "Iris" not in sys.modules


NOT_FOUND = {
    "no class": {"code.py": "x = 1\n"},
    "no method": {"Iris.py": "class Iris:\n    pass\n"},
    "no python": {"README.md": "x"},
    "not importable": {"my-model.py": model("MyModel")},
}


@pytest.mark.parametrize("files", NOT_FOUND.values(), ids=NOT_FOUND)
def test_nothing_that_looks_like_a_model_is_an_error(tmp_path: Path, files: dict[str, str]) -> None:
    with pytest.raises(ModelNotRecognised):
        infer(tmp_path, files)


def test_not_recognising_says_what_was_looked_at_and_what_could_be_meant(tmp_path: Path) -> None:
    with pytest.raises(ModelNotRecognised) as raised:
        infer(tmp_path, {"model.py": model("Classifier"), "tools.py": "x = 1\n"})

    assert raised.value.looked_at == ("model.py: Classifier", "tools.py: no class")
    assert "-e MODEL_NAME=model.Classifier" in raised.value.hint


def test_several_models_are_listed_with_the_way_out() -> None:
    with pytest.raises(SeveralModels, match=r"-e MODEL_NAME=Left") as raised:
        infer_model_name(read_source(MODELS / "several", silent), Settings(), silent)

    assert raised.value.names == ("Left", "Right")


def test_a_given_name_settles_several(tmp_path: Path) -> None:
    source = read_source(MODELS / "several", silent)

    assert with_model_name(source, named("Right"), silent) == named("Right")


def test_an_inferred_name_joins_the_settings() -> None:
    settings = with_model_name(read_source(MODELS / "echo", silent), Settings(), silent)

    assert settings.items == (Setting("MODEL_NAME", "Echo", "inferred"),)


ACCEPTED = {
    "plain": ({"Iris.py": model("Iris")}, "Iris"),
    "no method at all": ({"Iris.py": "class Iris: ...\n"}, "Iris"),
    "dotted": ({"a/b.py": model("C")}, "a.b.C"),
    "imported": ({"a.py": "from sklearn.x import C\n"}, "a.C"),
    "star": ({"a.py": "from installed import *\n"}, "a.C"),
    "own star": ({"a.py": "from b import *\n", "b.py": model("C")}, "a.C"),
    "factory": ({"a.py": "def C(): ...\n"}, "a.C"),
    "assigned": ({"a.py": "C = make()\n"}, "a.C"),
    "tests too": ({"tests/Iris.py": model("Iris")}, "tests.Iris.Iris"),
}


@pytest.mark.parametrize(("files", "name"), ACCEPTED.values(), ids=ACCEPTED)
def test_a_name_that_the_source_has_is_accepted(tmp_path: Path, files: dict[str, str], name: str) -> None:
    assert infer(tmp_path, files, name) == name


def test_a_missing_class_names_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(ModelClassMissing, match=r"-e.*Iris.py does not have. It has: Flower, Rose") as raised:
        infer(tmp_path, {"Iris.py": model("Rose") + model("Flower")}, "Iris")

    assert raised.value.exit_code == 19


def test_a_class_missing_from_its_package_may_need_a_longer_name(tmp_path: Path) -> None:
    with pytest.raises(ModelClassMissing, match=r"say -e MODEL_NAME=pkg\.Iris\.Iris"):
        infer(tmp_path, {"pkg/__init__.py": "", "pkg/Iris.py": model("Iris")}, "pkg.Iris")


PACKAGE = {"pkg/mod.py": model("Model") + "class Scaler:\n    x = 1\n"}


@pytest.mark.parametrize("init", [None, "", "from . import mod\n"])
def test_a_module_in_place_of_its_only_component_is_told_the_class(tmp_path: Path, init: str | None) -> None:
    files = PACKAGE if init is None else {**PACKAGE, "pkg/__init__.py": init}
    with pytest.raises((ModelClassMissing, ModelModuleMissing)) as raised:
        infer(tmp_path, files, "pkg.mod")

    assert "MODEL_NAME=pkg.mod.Model" in raised.value.hint


def test_a_module_alone_is_told_its_only_component(tmp_path: Path) -> None:
    with pytest.raises(ModelClassMissing, match=r"say -e MODEL_NAME=mod\.Model$"):
        infer(tmp_path, {"mod.py": PACKAGE["pkg/mod.py"]}, "mod")


def test_a_misspelt_class_is_told_the_near_one(tmp_path: Path) -> None:
    with pytest.raises(ModelClassMissing, match=r"did you mean Model\? say -e MODEL_NAME=pkg\.mod\.Model"):
        infer(tmp_path, PACKAGE, "pkg.mod.Modle")


def test_a_file_name_is_not_the_name_of_a_class(tmp_path: Path) -> None:
    with pytest.raises(ModelClassMissing, match=r"say -e MODEL_NAME=Iris$"):
        infer(tmp_path, {"Iris.py": model("Iris")}, "Iris.py")


WRONG_MODULES = [
    ("Iriss", r"Iriss.py and Iriss/__init__.py"),
    ("IRIS", "did you mean MODEL_NAME=Iris"),
    ("lib.nothing.C", r"lib/nothing.py"),
    ("Net", "did you mean MODEL_NAME=lib.Net.Net"),
    ("other.Model", "other.py"),
]


@pytest.mark.parametrize(("name", "told"), WRONG_MODULES)
def test_a_missing_module_says_where_it_was_looked_for(tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(ModelModuleMissing, match=told):
        infer(tmp_path, {"Iris.py": model("Iris"), "lib/Net.py": model("Net")}, name)


def test_a_package_among_the_requirements_may_hold_the_model(tmp_path: Path) -> None:
    told: list[Event] = []

    name = infer(tmp_path, {"requirements.txt": "other\n", "a.py": ""}, "other.models.Model", told)

    assert name == "other.models.Model"
    assert [event.kind for event in told] == [EventKind.WARNING]


@pytest.mark.parametrize("name", ['"Iris"', "Iris.", "my-model.Iris", "a/b.C"])
def test_what_is_no_dotted_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingInvalid, match="not the dotted name"):
        infer(tmp_path, {"Iris.py": model("Iris")}, name)


@pytest.mark.parametrize("given", ["", "Iris"])
def test_a_model_that_does_not_parse_is_an_error_with_its_line(tmp_path: Path, given: str) -> None:
    with pytest.raises(ModelNotParsable) as raised:
        infer(tmp_path, {"Iris.py": "class Iris:\n    def predict(self, X)\n"}, given)

    assert (raised.value.path, raised.value.line) == ("Iris.py", 2)


def test_a_module_with_nul_bytes_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelNotParsable):
        infer(tmp_path, {"Iris.py": "class Iris: ...\n\0"}, "Iris")


def test_code_that_the_model_imports_and_that_does_not_parse_is_warned_of(tmp_path: Path) -> None:
    files = {
        "Iris.py": "from lib import deep\n" + model("Iris"),
        "lib/deep.py": "from . import broken\n",
        "lib/broken.py": "x = 1\ny = (\n",
        "unused.py": "y = (\n",
    }
    told: list[Event] = []

    infer(tmp_path, files, "Iris", told)

    assert [event.message.partition(" ")[0] for event in told] == ["lib/broken.py:2:"]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python knows the newer grammar")
def test_grammar_newer_than_the_builders_own_python_is_accepted_with_a_warning(tmp_path: Path) -> None:
    told: list[Event] = []

    assert infer(tmp_path, {"Iris.py": "type Row = list[float]\n" + model("Iris")}, "Iris", told) == "Iris"
    assert [event.kind for event in told] == [EventKind.WARNING]


def test_a_cycle_of_bases_ends(tmp_path: Path) -> None:
    with pytest.raises(ModelNotRecognised):
        infer(
            tmp_path,
            {"A.py": "from B import B\nclass A(B): ...\n", "B.py": "from A import A\nclass B(A): ...\n"},
        )


@pytest.mark.parametrize("code", ["-" * 100000 + "1", "a" + ".b" * 100000], ids=["signs", "dots"])
def test_a_model_that_no_parser_can_follow_is_refused(tmp_path: Path, code: str) -> None:
    with pytest.raises(ModelNotParsable, match="nested too deep"):
        infer(tmp_path, {"Model.py": f"{code}\nclass Model: ...\n"}, "Model")
