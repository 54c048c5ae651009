"""The pod's annotations as variables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from seldon_runtime.annotations import with_annotations
from seldon_runtime.errors import SettingInvalid
from seldon_runtime.settings import settings_from

from tests.served import RUNTIMES

TIMEOUT, SIZE = "SELDON_TIMEOUT_SECONDS", "SELDON_GRPC_MAX_MESSAGE_BYTES"


def read(folder: Path, text: str, **variables: str) -> dict[str, str]:
    file = folder / "annotations"
    file.write_text(text)
    return dict(with_annotations(variables, file))


def test_without_annotations_the_variables_stand(tmp_path: Path) -> None:
    assert with_annotations({"A": "b"}, tmp_path / "none") == {"A": "b"}
    assert with_annotations({"A": "b"}, tmp_path) == {"A": "b"}


def test_the_annotations_of_seldon_become_variables(tmp_path: Path) -> None:
    text = (
        'kubernetes.io/config.seen="2026-01-01T00:00:00Z"\nseldon.io/rest-timeout="1500"\n'
        'seldon.io/grpc-max-message-size="10485760"\nprometheus.io/scrape="true"\nodd\n\nlines="a\\nb = c"\n'
    )

    assert read(tmp_path, text, A="b") == {"A": "b", TIMEOUT: "1.5", SIZE: "10485760"}


def test_a_variable_wins_over_an_annotation_and_an_empty_one_does_not(tmp_path: Path) -> None:
    text = "seldon.io/rest-timeout=1500\nseldon.io/grpc-max-message-size=99\n"

    assert read(tmp_path, text, **{TIMEOUT: "7", SIZE: ""}) == {TIMEOUT: "7", SIZE: "99"}


def test_a_timeout_reaches_the_settings(tmp_path: Path) -> None:
    variables = read(tmp_path, 'seldon.io/rest-timeout="250"', MODEL_NAME="Iris")

    assert settings_from(variables, tmp_path).timeout == 0.25


@pytest.mark.parametrize(
    "line",
    [
        'seldon.io/rest-timeout="soon"',
        'seldon.io/rest-timeout="-1"',
        'seldon.io/rest-timeout="99999999999"',
        'seldon.io/grpc-max-message-size="4Mi"',
        'seldon.io/grpc-max-message-size="4294967296"',
    ],
)
def test_an_annotation_that_cannot_be_used_is_refused_by_name(line: str, tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match=line.partition("=")[0]):
        read(tmp_path, line)


def test_the_server_reads_them(tmp_path: Path) -> None:
    (tmp_path / "annotations").write_text("seldon.io/rest-timeout=soon")
    program = (
        "import sys, pathlib, seldon_runtime.annotations as read;"
        "read.ANNOTATIONS = pathlib.Path('annotations');"
        "from seldon_runtime.__main__ import main; sys.exit(main())"
    )
    environment = {"PYTHONPATH": str(RUNTIMES), "MODEL_NAME": "Model"}
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stdout) == (SettingInvalid.exit_code, "")
    assert "seldon.io/rest-timeout is 'soon'" in ran.stderr


def test_an_unreadable_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "annotations").write_bytes(b"\xff\xfe=\x00\n")

    assert with_annotations({}, tmp_path / "annotations") == {}
