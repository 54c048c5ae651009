"""When gunicorn is the process model, and what its variables mean."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import pytest
from seldon_runtime.errors import SettingInvalid
from seldon_runtime.gunicorn.board import Board, State
from seldon_runtime.gunicorn.options import TIMEOUT, Options, options_from
from seldon_runtime.gunicorn.plugin import seldon_runtime
from seldon_runtime.runtime import Role


@pytest.mark.parametrize(
    "variables",
    [
        {"GUNICORN_WORKERS": "2"},
        {"GUNICORN_WORKERS": "many"},
        {"GUNICORN_WORKERS": "1", "GUNICORN_MAX_REQUESTS": "10"},
        {"GUNICORN_MAX_REQUESTS_JITTER": "5"},
        {"GUNICORN_KEEPALIVE": "5"},
        {"GUNICORN_TIMEOUT": "60"},
        {"GUNICORN_GRACEFUL_TIMEOUT": "10"},
    ],
)
def test_it_is_the_process_model_where_variables_need_it(variables: Mapping[str, str]) -> None:
    runtime = seldon_runtime(variables)

    assert runtime.active
    assert runtime.role is Role.PROCESS


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"GUNICORN_WORKERS": "1"},
        {"GUNICORN_WORKERS": "0"},
        {"GUNICORN_WORKERS": " "},
        {"GUNICORN_THREADS": "4"},
        {"GUNICORN_ACCESS_LOG": "1"},
        {"GUNICORN_MAX_REQUESTS": "0", "GUNICORN_MAX_REQUESTS_JITTER": "0"},
    ],
)
def test_one_process_does_for_the_rest(variables: Mapping[str, str]) -> None:
    assert not seldon_runtime(variables).active


def test_the_variables_become_options() -> None:
    variables = {
        "GUNICORN_WORKERS": "3",
        "GUNICORN_MAX_REQUESTS": "100",
        "GUNICORN_MAX_REQUESTS_JITTER": "10",
        "GUNICORN_TIMEOUT": "60",
        "GUNICORN_GRACEFUL_TIMEOUT": "7.5",
    }

    assert options_from(variables, 20) == Options(3, 100, 10, 60, 7.5)


def test_nothing_said_is_one_worker_for_ever() -> None:
    assert options_from({"GUNICORN_WORKERS": "0"}, 20) == Options(1, 0, 0, TIMEOUT, 20)


def test_the_grace_of_all_servers_outranks_gunicorns() -> None:
    variables = {"GUNICORN_GRACEFUL_TIMEOUT": "5", "SELDON_GRACE_SECONDS": "20"}

    assert options_from(variables, 20).grace == 20


@pytest.mark.parametrize("name", ["GUNICORN_WORKERS", "GUNICORN_MAX_REQUESTS", "GUNICORN_TIMEOUT"])
@pytest.mark.parametrize("value", ["-1", "many", "1.5"])
def test_what_is_no_number_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingInvalid, match=name):
        options_from({name: value}, 20)


def test_asking_imports_no_server() -> None:
    code = (
        "import sys; from seldon_runtime.gunicorn.plugin import seldon_runtime; "
        "seldon_runtime({'GUNICORN_WORKERS': '2'}); sys.exit('gunicorn' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_workers_leave_one_after_the_other() -> None:
    board = Board()
    first, second = board.take(State.SERVING), board.take(State.SERVING)
    board.tell(first, State.LEAVING)
    beside = board.can_spare(second)
    board.tell(first, State.GONE)

    assert (beside, board.can_spare(second)) == (False, True)


def test_a_place_is_taken_again_once_its_worker_is_gone() -> None:
    board = Board()
    first, second = board.take(State.LOADING), board.take(State.LOADING)
    board.tell(first, State.GONE)

    assert board.take(State.LOADING) == first
    assert board.state(second) is State.LOADING


def test_a_worker_asks_for_others_without_itself() -> None:
    board = Board()
    first, second = board.take(State.WAITING), board.take(State.LOADING)

    assert not board.anybody(State.WAITING, besides=first)
    assert board.anybody(State.WAITING, besides=second)


def test_the_first_failure_is_the_one_that_counts() -> None:
    board = Board()

    assert (board.fail(65), board.fail(62), board.failure) == (True, False, 65)


def test_it_is_known_whether_anybody_ever_served() -> None:
    board = Board()
    place = board.take(State.LOADING)
    before = board.has_served
    board.tell(place, State.SERVING)
    board.tell(place, State.GONE)

    assert (before, board.has_served) == (False, True)
