from __future__ import annotations

from pathlib import Path

import pytest
from seldon_builder.cli import run
from seldon_builder.errors import ReferenceInvalid
from seldon_builder.inputs.known_secrets import known_secrets, without_secrets
from seldon_builder.order import Asked

PASSWORD = "s3cr3t"  # what must not be seen
LOGIN = f"http://user:{PASSWORD}@127.0.0.1:1/x"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/M.py").write_text("class M:\n    def predict(self, X): ...\n")
    return tmp_path / "model"


@pytest.mark.parametrize(
    "setting",
    [
        f"MODEL_NAME={LOGIN}",
        f"BP_CPYTHON_VERSION={LOGIN}",
        f"SELDON_WEIGHTS={LOGIN}/[z-a]",
        f"EXTRA_INDEX_URL=http://user:a/{PASSWORD}@127.0.0.1:1/simple",
        f"EXTRA_INDEX_URL=http://user:a#{PASSWORD}@127.0.0.1:1/simple",
        f"EXTRA_INDEX_URL=http://user:a {PASSWORD}@127.0.0.1:1/simple",
    ],
)
def test_no_error_of_a_build_shows_a_password(
    model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], setting: str
) -> None:
    output = ["--output", f"oci:{tmp_path}/out", "--store", str(tmp_path / "store")]

    assert run(["build", str(model), "m:1", *output, "-e", setting, "--run-image", f"oci:{tmp_path}/none"])

    told = "".join(capfd.readouterr())
    assert "error: " in told
    assert PASSWORD not in told


@pytest.mark.parametrize("proxy", [f"user:{PASSWORD}@127.0.0.1:3128", f"http://u:a/{PASSWORD}@127.0.0.1:1"])
def test_the_table_of_settings_hides_a_proxys_password(
    model: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    proxy: str,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    output = ["--output", f"oci:{tmp_path}/out", "--store", str(tmp_path / "store")]

    assert run(["build", str(model), "m:1", *output, "--show-settings"]) == 0

    told = "".join(capfd.readouterr())
    assert "HTTP_PROXY" in told
    assert PASSWORD not in told


def test_secrets_of_every_place_are_known(tmp_path: Path) -> None:
    (tmp_path / ".s2i").mkdir()
    (tmp_path / ".s2i/environment").write_text("UV_TOKEN=from-s2i\n")
    (tmp_path / "project.toml").write_text("[")
    (tmp_path / "a.env").write_text("PIP_INDEX_URL=https://me:from%2Ffile@host\n")
    asked = Asked(("PIP_PASSWORD=from-option",), (tmp_path / "a.env",), None, {"UV_SECRET": "from-caller"})

    known = known_secrets(asked, tmp_path)

    assert {"from-s2i", "from%2Ffile", "from/file", "from-option", "from-caller"} <= set(known)


def test_a_secret_is_blanked_wherever_it_stands() -> None:
    text = without_secrets("uv said: token-1 at https://me:other@host/x", ["token-1"])

    assert text == "uv said: *** at https://***@host/x"


def test_an_image_name_with_a_password_is_shown_without_it() -> None:
    error = ReferenceInvalid(f"user:{PASSWORD}@host/x", "it has a user")

    assert str(error).startswith("'***@host/x' is")


def test_a_digest_is_not_taken_for_a_host() -> None:
    text = "localhost:5000/Iris@sha256:00"

    assert text in str(ReferenceInvalid(text, "it has upper case"))
