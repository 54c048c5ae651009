from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
import seldon_runtime
from seldon_builder.dependencies.imports import SERVED, imports_of
from seldon_builder.dependencies.older_wrappers import CARRIED, providers
from seldon_builder.source import Source, SourceFile


def source_of(root: Path, files: dict[str, str]) -> Source:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Source(root, tuple(SourceFile(PurePosixPath(name), 0o644) for name in sorted(files)))


def modules(root: Path, **files: str) -> list[str]:
    source = source_of(root, {f"{name}.py": text for name, text in files.items()})
    return [item.module for item in imports_of(source).modules]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import redis", ["redis"]),
        ("import a.b.c as d, e", ["a", "e"]),
        ("from sklearn.linear_model import Ridge", ["sklearn"]),
        ("from . import other\nfrom .x import y", []),
        ("import os, sys, json", []),
        ("from seldon_core.user_model import SeldonComponent\nimport seldon_core.metrics, seldon_core", []),
        ("from seldon_core import Storage, utils", []),
        ("from seldon_core.proto import prediction_pb2", ["seldon_core.proto"]),
        ("from seldon_core.seldon_client import SeldonClient", ["seldon_core.seldon_client"]),
        ("from sklearn.externals import joblib", ["sklearn"]),
        ("import hops.hdfs", ["hops"]),
        ("def load():\n    import torch", ["torch"]),
        ("class A:\n    if True:\n        import torch", ["torch"]),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas\nelse:\n    import x",
            ["x"],
        ),
        ("import google.protobuf.json_format", ["google.protobuf"]),
        ("from google import protobuf", ["google.protobuf"]),
        ("with open('x') as f:\n    import yaml", ["yaml"]),
    ],
)
def test_imports_are_found_wherever_they_stand(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert modules(tmp_path, Model=text) == expected


def test_modules_of_the_source_are_no_imports_of_others(tmp_path: Path) -> None:
    source = source_of(
        tmp_path, {"Model.py": "import pkg, tool, c_ext", "pkg/a.py": "", "tool.py": "", "c_ext.so": ""}
    )
    assert imports_of(source).modules == ()


def test_an_import_that_may_fail_is_optional(tmp_path: Path) -> None:
    text = "try:\n    import redis\nexcept ImportError:\n    import fakeredis\n"
    found = imports_of(source_of(tmp_path, {"Model.py": text})).modules
    assert [(item.module, item.optional) for item in found] == [("fakeredis", True), ("redis", True)]


def test_an_import_that_one_file_needs_is_not_optional(tmp_path: Path) -> None:
    files = {"a.py": "try:\n    import redis\nexcept ImportError:\n    pass\n", "b.py": "\nimport redis\n"}
    (found,) = imports_of(source_of(tmp_path, files)).modules
    assert (found.file, found.line, found.optional) == ("b.py", 2, False)


def test_tests_are_not_looked_at(tmp_path: Path) -> None:
    source = source_of(
        tmp_path, {"tests/a.py": "import x", "test_b.py": "import x", "conftest.py": "import x"}
    )
    assert imports_of(source).modules == ()


@pytest.mark.parametrize("content", ["def (", "print 'hello'", "\0", "-" * 100000 + "1"])
def test_a_file_that_is_not_python_is_named(tmp_path: Path, content: str) -> None:
    found = imports_of(source_of(tmp_path, {"old.py": content, "Model.py": "import redis"}))
    assert found.unreadable[0].startswith("old.py: ")
    assert [item.module for item in found.modules] == ["redis"]


def test_the_code_is_never_run(tmp_path: Path) -> None:
    modules(tmp_path, Model=f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert not (tmp_path / "ran").exists()


def test_an_odd_escape_is_no_warning_of_ours(tmp_path: Path) -> None:
    assert modules(tmp_path, Model="import redis\nx = '\\d'\n") == ["redis"]


@pytest.mark.parametrize(
    ("module", "distribution"),
    [
        ("sklearn", "scikit-learn"),
        ("PIL", "pillow"),
        ("yaml", "pyyaml"),
        ("my_pkg", "my-pkg"),
        ("flask", "flask"),
    ],
)
def test_the_usual_distribution_of_a_module_comes_first(module: str, distribution: str) -> None:
    assert providers(module)[0] == distribution


def test_all_that_the_runtime_offers_of_seldon_core_is_known() -> None:
    offered = (Path(seldon_runtime.__file__).parent / "compat/seldon_core").glob("*.py")
    names = {f"seldon_core.{path.stem}" for path in offered} - {"seldon_core.__init__"}
    assert {name for name in SERVED if name.islower() and "__" not in name} == names | {
        "seldon_core",
        "seldon_runtime",
    }


@pytest.mark.parametrize(
    ("module", "found"),
    [("seldon_core.proto", ("protobuf", "seldon-core")), ("seldon_core.seldon_client", ("seldon-core",))],
)
def test_what_seldon_core_alone_has_is_looked_for_there(module: str, found: tuple[str, ...]) -> None:
    assert providers(module) == found


@pytest.mark.parametrize("module", ["flask", "redis", "requests", "yaml", "google.protobuf"])
def test_what_older_images_carried_is_known(module: str) -> None:
    assert module in CARRIED
