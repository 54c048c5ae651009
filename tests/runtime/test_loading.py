"""From MODEL_NAME to an object that is ready: what is imported, and from where."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from seldon_runtime.component import loading
from seldon_runtime.component.old_imports import COMPAT
from seldon_runtime.errors import ModelStartFailed

from tests.served import RUNTIMES, output_of_failure, serving

ROW = {"data": {"ndarray": [[1, 2]]}}


def said_by(code: str, *path: Path, folder: Path) -> str:
    """Import a model of ``code`` in a process of its own; return what it printed."""
    (folder / "Model.py").write_text(textwrap.dedent(code) + "\nclass Model: pass\n")
    start = (
        "import sys; from pathlib import Path; from seldon_runtime.component.loading import find_class\n"
        f"sys.path[1:1] = {[str(place) for place in path]!r}\n"
        f"find_class('Model', Path({str(folder)!r}))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", start],
        env={"PYTHONPATH": str(RUNTIMES)},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.stdout + ended.stderr


def test_models_that_import_seldon_core_need_none(tmp_path: Path) -> None:
    code = """
    from seldon_core.user_model import SeldonComponent

    class Model(SeldonComponent):
        def predict(self, X, names, meta=None):
            return X * 2
    """
    with serving(tmp_path, code) as server:
        reply = server.ask(ROW)

    assert reply.json["data"]["ndarray"] == [[2, 4]]


def test_the_shim_says_where_it_lies(tmp_path: Path) -> None:
    said = said_by("import seldon_core; print(seldon_core.__file__)", folder=tmp_path)

    assert said.startswith(COMPAT)


def test_the_real_seldon_core_is_used_where_it_is_installed(tmp_path: Path) -> None:
    real = tmp_path / "site" / "seldon_core"
    real.mkdir(parents=True)
    (real / "__init__.py").touch()
    (real / "user_model.py").write_text("class SeldonComponent:\n    pass\n")
    said = said_by(
        "import seldon_core.user_model as u, sys; print(u.__file__, sys.path[-1])",
        real.parent,
        folder=tmp_path,
    )

    assert said.startswith(f"{real}/user_model.py ")
    assert COMPAT not in said


def test_a_models_own_seldon_core_wins(tmp_path: Path) -> None:
    (tmp_path / "seldon_core.py").write_text("mine = 1\n")

    assert said_by("import seldon_core; print(seldon_core.mine)", folder=tmp_path) == "1\n"


def test_nothing_of_the_shim_is_imported_unasked(tmp_path: Path) -> None:
    said = said_by("import sys; print([m for m in sys.modules if 'seldon_core' in m])", folder=tmp_path)

    assert said == "[]\n"


def test_joblib_is_found_under_its_old_name(tmp_path: Path) -> None:
    code = """
    from sklearn.externals import joblib
    import sklearn.externals.joblib as again
    import joblib as new
    print(joblib is new, again is new, new.__spec__.name)
    """

    assert said_by(code, folder=tmp_path) == "True True joblib\n"


def test_pickles_that_name_joblibs_modules_by_their_old_name_are_read(tmp_path: Path) -> None:
    code = """
    import pickle
    from sklearn.externals.joblib.numpy_pickle import NumpyArrayWrapper
    from joblib.numpy_pickle import NumpyArrayWrapper as New
    print(NumpyArrayWrapper is New)
    print(pickle.loads(b"csklearn.externals.joblib.numpy_pickle\\nNumpyArrayWrapper\\n.") is New)
    """

    assert said_by(code, folder=tmp_path) == "True\nTrue\n"


def test_scikit_learns_own_joblib_wins_where_it_has_one(tmp_path: Path) -> None:
    old = tmp_path / "site" / "sklearn" / "externals" / "joblib"
    old.mkdir(parents=True)
    (old.parents[1] / "__init__.py").touch()
    (old.parent / "__init__.py").touch()
    (old / "__init__.py").write_text("own = 1\n")
    (old / "part.py").write_text("own = 2\n")
    code = """
    from sklearn.externals import joblib
    import sklearn.externals.joblib.part as part
    print(joblib.own, part.own, part.__name__)
    """

    assert said_by(code, old.parents[2], folder=tmp_path) == "1 2 sklearn.externals.joblib.part\n"


def test_a_missing_joblib_is_named(tmp_path: Path) -> None:
    old = tmp_path / "site" / "sklearn" / "externals"
    old.mkdir(parents=True)
    (old.parent / "__init__.py").touch()
    (old / "__init__.py").touch()
    code = """
    import sys
    sys.modules["joblib"] = None
    import sklearn.externals.joblib
    """
    said = said_by(code, old.parents[1], folder=tmp_path)

    assert "ModuleBroken: Importing Model failed: ModuleNotFoundError" in said
    assert "add the package that holds joblib to the requirements" in said


def test_other_modules_of_the_same_beginning_are_none_of_ours(tmp_path: Path) -> None:
    said = said_by("import sklearn.externals.joblibs", folder=tmp_path)

    assert "No module named 'sklearn.externals.joblibs'" in said


def loaded(user: Any) -> None:
    if loading.wants_loop(user):
        asyncio.run(loading.load_later(user, "Model"))
    else:
        loading.load(user, "Model")


@pytest.mark.parametrize("error", [AttributeError, ValueError, SystemExit, KeyError])
def test_what_load_raises_ends_the_start(error: type[BaseException]) -> None:
    class Now:
        def load(self) -> None:
            raise error("inside")

    class Later:
        async def load(self) -> None:
            raise error("inside")

    for user in (Now(), Later()):
        with pytest.raises(ModelStartFailed, match=r"load\(\) raised"):
            loaded(user)


def test_an_attribute_error_inside_load_is_the_models(tmp_path: Path) -> None:
    code = "class Model:\n    def load(self):\n        self.nothing.there\n"
    status, said = output_of_failure(tmp_path, code)

    assert status == 65
    assert "AttributeError" in said


def test_a_load_that_is_not_implemented_loads_nothing() -> None:
    class Now:
        def load(self) -> None:
            raise NotImplementedError

    class Later:
        async def load(self) -> None:
            raise NotImplementedError

    loaded(Now())
    loaded(Later())


def test_an_operation_that_is_not_implemented_within_load_is_an_error() -> None:
    def operation() -> None:
        raise NotImplementedError("no such kernel")

    class Now:
        def load(self) -> None:
            operation()

    class Later:
        async def load(self) -> None:
            operation()

    for user in (Now(), Later()):
        with pytest.raises(ModelStartFailed, match="no such kernel"):
            loaded(user)


def test_a_coroutine_is_loaded_on_the_loop(tmp_path: Path) -> None:
    code = """
    import asyncio

    class Model:
        async def load(self):
            await asyncio.sleep(0)
            self.factor = 3

        async def predict(self, X):
            return X * self.factor
    """
    with serving(tmp_path, code) as server:
        assert server.ask(ROW).json["data"]["ndarray"] == [[3, 6]]
