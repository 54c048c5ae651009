"""Credentials in a model folder are taken out, or told of without being shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from seldon_builder.events import Event, EventKind, silent
from seldon_builder.inputs.source_reading import read_source
from seldon_builder.inputs.source_secrets import cleaned, find_credentials, tell_of_credentials, without_users
from seldon_builder.source import Source

PASSWORD = "hunter2"
AWS_KEY = "AKIA" + "ABCDEFGHIJKLMNOP"
PEM = "-----BEGIN RSA " + "PRIVATE KEY-----\nabc\n"


def source(folder: Path, files: dict[str, str]) -> Source:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return read_source(folder, silent)


URLS = [
    (f"https://me:{PASSWORD}@host/simple", "https://host/simple"),
    (f"https://{PASSWORD}@host/simple", "https://host/simple"),
    (
        f"--extra-index-url=https://me:{PASSWORD}@host:8080/a\nnumpy\n",
        "--extra-index-url=https://host:8080/a\nnumpy\n",
    ),
    (f"x @ git+https://me:{PASSWORD}@host/x.git@v1", "x @ git+https://host/x.git@v1"),
    (f'url = "https://me:{PASSWORD}@a", b = "https://me:{PASSWORD}@b"', 'url = "https://a", b = "https://b"'),
    (f"https://me:{PASSWORD}@@host/", "https://host/"),
    ("git+ssh://git@host/x.git", "git+ssh://git@host/x.git"),
    ("https://${USER}:${PASSWORD}@host/", "https://${USER}:${PASSWORD}@host/"),
    ("https://host/a@b", "https://host/a@b"),
    ("author@host", "author@host"),
    (f"https://host/simple?token={PASSWORD}", "https://host/simple"),
    (f"'https://host/x.whl?v=1&access_token={PASSWORD}#sha256=1'", "'https://host/x.whl?v=1#sha256=1'"),
    ("https://host/simple?token=${TOKEN}", "https://host/simple?token=${TOKEN}"),
    ("https://host/simple?page=2", "https://host/simple?page=2"),
]


@pytest.mark.parametrize(("text", "clean"), URLS)
def test_users_are_taken_out_of_urls_and_nothing_else_changes(text: str, clean: str) -> None:
    assert without_users(text.encode()).decode() == clean


REQUIREMENT_FILES = [
    "requirements.txt", "requirements-dev.in", "requirements/base.txt", "a/constraints.txt", "poetry.lock",
    "uv.lock", "pylock.toml", "pylock.gpu.toml", "Pipfile", "Pipfile.lock", "pyproject.toml",
    "conda-lock.yml", "setup.cfg", "environment.yml", "explicit.txt", "spec-file.txt", "environment.txt",
]  # fmt: skip


@pytest.mark.parametrize("name", REQUIREMENT_FILES)
def test_requirement_and_lock_files_are_cleaned(tmp_path: Path, name: str) -> None:
    found = source(tmp_path, {name: f"# https://me:{PASSWORD}@host\n"})
    file = found.find(name)

    assert file is not None
    assert cleaned(found, file) == b"# https://host\n"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_files_of_powershell_are_cleaned(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    found = source(tmp_path, {"requirements.txt": ""})
    text = f"{mark}--index-url https://me:{PASSWORD}@host\n\xe9\n".encode(encoding)
    (tmp_path / "requirements.txt").write_bytes(text)
    found = read_source(tmp_path, silent)

    without = cleaned(found, found.files[0])

    assert without == text.decode(encoding).replace(f"me:{PASSWORD}@", "").encode(encoding)
    assert [one.line for one in find_credentials(found)] == [1]


def test_what_requirements_were_read_from_is_cleaned_whatever_its_name_but_no_code(tmp_path: Path) -> None:
    text = f"x @ https://{PASSWORD}@host/x.whl\n"
    found = source(tmp_path, {"deps/all.txt": text, "deps/other.txt": text, "Model.py": text})
    asked = ("deps/all.txt", "Model.py")

    files = {str(file.path): cleaned(found, file, asked) for file in found.files}

    assert files["deps/all.txt"] == b"x @ https://host/x.whl\n"
    assert files["deps/other.txt"] is None
    assert files["Model.py"] is None
    assert [one.path for one in find_credentials(found, asked)] == ["deps/all.txt"]


@pytest.mark.parametrize("name", [".pypirc", ".condarc", "poetry.toml", "pdm.toml", "deep/poetry.toml"])
def test_what_tools_keep_their_passwords_in_is_no_part_of_an_image(tmp_path: Path, name: str) -> None:
    found = source(tmp_path, {name: "password = hunter2", "Model.py": ""})

    assert found.find(name) is None


@pytest.mark.parametrize(
    ("name", "text"), [("Iris.py", f"'https://me:{PASSWORD}@h'"), ("requirements.txt", "numpy\n")]
)
def test_other_files_stay_as_they_are(tmp_path: Path, name: str, text: str) -> None:
    found = source(tmp_path, {name: text})

    assert cleaned(found, found.files[0]) is None


FOUND = {
    "url": ("Iris.py", f"a = 1\nURL = 'postgres://me:{PASSWORD}@db/x'\n", "Iris.py:2 (URL with a password)"),
    "aws": ("config.ini", f"\n\nkey={AWS_KEY}\n", "config.ini:3 (AWS access key)"),
    "pem": ("tls.key", PEM, "tls.key:1 (private key)"),
    "dotenv": (".env.local", f"A=https://me:{PASSWORD}@h\n", ".env.local:1 (URL with a password)"),
    "token": (
        "requirements.txt",
        f"https://{PASSWORD}@h/x.whl\n",
        "requirements.txt:1 (URL with a password)",
    ),
}


@pytest.mark.parametrize(("name", "text", "told"), FOUND.values(), ids=FOUND)
def test_credentials_are_found_by_line(tmp_path: Path, name: str, text: str, told: str) -> None:
    assert [str(one) for one in find_credentials(source(tmp_path, {name: text}))] == [told]


HARMLESS = [
    "url = f'https://{user}:{password}@host'", "'https://%s:%s@host' % x", "# https://<user>:<password>@host",
    "email = 'me@host'", "'https://host/@scope/x'", "AKIA short", "-----BEGIN PUBLIC KEY-----",
]  # fmt: skip


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_credential_is_not_told_of(tmp_path: Path, text: str) -> None:
    assert list(find_credentials(source(tmp_path, {"Iris.py": text}))) == []


def test_large_files_are_not_searched(tmp_path: Path) -> None:
    assert list(find_credentials(source(tmp_path, {"a.txt": AWS_KEY + " " * (1 << 20)}))) == []


def test_the_warning_names_places_and_never_values(tmp_path: Path) -> None:
    told: list[Event] = []
    files = {
        "Iris.py": f"x = 'https://me:{PASSWORD}@h'\n",
        "requirements.txt": f"https://me:{PASSWORD}@h/a.whl\n",
    }

    tell_of_credentials(source(tmp_path, files), told.append)

    assert [event.kind for event in told] == [EventKind.DECISION, EventKind.WARNING]
    assert "requirements.txt:1" in told[0].message
    assert "Iris.py:1" in told[1].message
    assert PASSWORD not in repr(told)


def test_a_token_in_code_is_told_by_its_place(tmp_path: Path) -> None:
    found = source(tmp_path, {"Model.py": f'\nURL = "https://host/data?token={PASSWORD}"\n'})

    assert [str(item) for item in find_credentials(found)] == ["Model.py:2 (URL with a token)"]
