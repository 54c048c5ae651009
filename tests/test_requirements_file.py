from __future__ import annotations

import codecs
import time
from pathlib import Path

import pytest
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508
from packaging.utils import canonicalize_name
from seldon_builder.dependencies.requirements_file import (
    PLAIN_LINE,
    decoded,
    logical_lines,
    read_requirements,
)
from seldon_builder.detection import Detection
from seldon_builder.errors.resolution import PackageWithoutWheel, RequirementsInvalid
from seldon_builder.events import silent
from seldon_builder.inputs.source_reading import read_source
from seldon_builder.secret import Secret
from seldon_builder.settings import Setting, Settings
from seldon_builder.source import Source

from .wheelhouse import make_wheel

ZEROS = "sha256:" + "0" * 64


def read(folder: Path, text: str | bytes, settings: Settings | None = None, **others: str) -> Detection:
    content = text.encode() if isinstance(text, str) else text
    (folder / "requirements.txt").write_bytes(content)
    for name, other in others.items():
        path = folder / name.replace("__", "/").replace("_txt", ".txt")
        path.parent.mkdir(exist_ok=True)
        path.write_text(other)
    return read_requirements(Source(folder, ()), "requirements.txt", settings)


def lines(detection: Detection) -> list[str]:
    return [requirement.line for requirement in detection.requirements]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("numpy\n", ["numpy"]),
        ("numpy >= 1.26, < 3  # wide\n", ["numpy >= 1.26, < 3"]),
        ("# nothing\n\n   \n", []),
        ("numpy\\\n>=1.26\n", ["numpy>=1.26"]),
        ("numpy>=1.26,\\\n# why\n  <3\n", ["numpy>=1.26,", "<3"]),
        ("numpy\r\npandas\r\n", ["numpy", "pandas"]),
        ("numpy", ["numpy"]),
        ("numpy\\", ["numpy"]),
        ('uvloop; sys_platform != "win32"\n', ['uvloop; sys_platform != "win32"']),
        ("uvicorn[standard]==0.30\n", ["uvicorn[standard]==0.30"]),
        ("pkg#notacomment\n", ["pkg#notacomment"]),
    ],
)
def test_lines_are_joined_and_freed_of_comments(text: str, expected: list[str]) -> None:
    assert [line for _, line in logical_lines(text)] == expected


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + "numpy # é".encode(),
        codecs.BOM_UTF16_LE + "numpy # é".encode("utf-16-le"),
        "numpy # é".encode("latin-1"),
        "# -*- coding: cp1252 -*-\nnumpy # é".encode("cp1252"),
    ],
)
def test_files_of_other_encodings_are_read(tmp_path: Path, content: bytes) -> None:
    assert lines(read(tmp_path, content)) == ["numpy"]
    assert "é" in decoded(content)


def test_every_requirement_knows_where_it_stands(tmp_path: Path) -> None:
    found = read(tmp_path, "-r deps/more.txt\nnumpy\n", deps__more_txt="\npandas\n")
    assert [item.origin for item in found.requirements] == ["deps/more.txt:2", "requirements.txt:2"]
    assert found.files == ("requirements.txt", "deps/more.txt")


def test_included_files_are_relative_to_the_including_one(tmp_path: Path) -> None:
    found = read(
        tmp_path, "--requirement=a/one.txt\n", a__one_txt="-c two.txt\nnumpy\n", a__two_txt="numpy<3\n"
    )
    assert [item.line for item in found.constraints] == ["numpy<3"]


def test_a_cycle_of_files_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        RequirementsInvalid, match=r"more.txt:1.*requirements.txt -> more.txt -> requirements.txt"
    ):
        read(tmp_path, "-r more.txt\n", more_txt="-r requirements.txt\n")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("-r ../other.txt", "outside the model folder"),
        ("-r /etc/hostname", "outside the model folder"),
        ("-r absent.txt", "no file absent.txt"),
        ("-r https://example.com/r.txt", "not from a URL"),
        ("numpy=1.2", "Expected"),
        ("numpy>=", "Expected"),
        ("--frobnicate", "no option"),
        ("--index-url", "needs a value"),
        ("--index-url simple", "needs a URL"),
        ("--hash=md5:00 ", "not sha256"),
        ("numpy==1 --hash=sha512:00", "as sha256 alone"),
        ("./absent.whl", "no file"),
        ("numpy --pre", "line of its own"),
        ("-i 'https://x", "quotation"),
        ("wheel.whl", "no file wheel.whl"),
        ("numpy==${VERSION}", "-e VERSION="),
        ("https://example.com/odd.whl", "not a wheel's name"),
        ("https://[example.com/x-1-py3-none-any.whl", "host or port of the URL cannot be read"),
    ],
)
def test_a_bad_line_is_shown_with_its_reason(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(RequirementsInvalid) as caught:
        read(tmp_path, f"numpy\n{line}\n")
    (bad,) = caught.value.lines
    assert (bad.origin, bad.line) == ("requirements.txt:2", line.strip())
    assert reason in bad.reason


def test_all_bad_lines_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(RequirementsInvalid) as caught:
        read(tmp_path, "a b\n-r more.txt\nc d\n", more_txt="e f\n")
    origins = [line.origin for line in caught.value.lines]
    assert origins == ["requirements.txt:1", "more.txt:1", "requirements.txt:3"]


@pytest.mark.parametrize(
    "line",
    ["git+https://host/x.git", "x @ git+ssh://git@host/x.git", "-e git+https://host/x.git",
     "https://host/x-1.tar.gz", "--no-binary numpy", "./x-1.egg"],
)  # fmt: skip
def test_what_must_be_built_is_told_with_the_ways_out(tmp_path: Path, line: str) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "x-1.egg").write_bytes(b"")
    with pytest.raises(PackageWithoutWheel, match=r"requirements.txt:1") as caught:
        read(tmp_path, line)
    assert "build the wheel yourself" in caught.value.hint


@pytest.mark.parametrize(
    ("line", "shown", "extras"),
    [
        (".", ".", ()),
        ("-e .", ".", ()),
        ("--editable ./pkg", "./pkg", ()),
        ("-e pkg", "./pkg", ()),
        (
            "./pkg[fast,more] ; python_version > '3'",
            './pkg[fast,more] ; python_version > "3"',
            ("fast", "more"),
        ),
        ("own @ file:./pkg", "own @ file:./pkg", ()),
        ("own[fast] @ file:pkg", "own[fast] @ file:pkg", ("fast",)),
        ("./x-1.tar.gz", "./x-1.tar.gz", ()),
        ("x-1.tar.gz", "./x-1.tar.gz", ()),
    ],
)
def test_a_folder_or_archive_is_to_be_built(
    tmp_path: Path, line: str, shown: str, extras: tuple[str, ...]
) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "x-1.tar.gz").write_bytes(b"")

    (found,) = read(tmp_path, line).requirements

    place = tmp_path if shown == "." else tmp_path / ("x-1.tar.gz" if "x-1" in line else "pkg")
    assert (found.line, found.build, found.extras) == (shown, str(place), extras)


def test_the_files_of_a_folder_that_is_built_are_used(tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_text("")
    (tmp_path / "libs").mkdir()
    (tmp_path / "libs" / "pyproject.toml").write_text("")
    (tmp_path / "requirements.txt").write_text("-e .\n./libs\n")

    found = read_requirements(read_source(tmp_path, silent), "requirements.txt")

    assert found.files == ("requirements.txt", "setup.py", "libs/pyproject.toml")


def test_a_wheel_in_the_place_of_an_editable_folder_is_told(tmp_path: Path) -> None:
    assert "-e . is installed as a wheel, not editable" in read(tmp_path, "-e .\n").reason


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("-e ../other", "no file"),
        ("../other", "no file"),
        ("-e ./x-1.tar.gz", "only a folder can be editable"),
        (f"./x-1.tar.gz --hash={ZEROS}", "no hash that could be known"),
        ("./pkg ; python_version >", "Expected"),
    ],
)
def test_what_cannot_be_built_is_a_bad_line(tmp_path: Path, line: str, reason: str) -> None:
    for folder in ("model/pkg", "other"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "model" / "x-1.tar.gz").write_bytes(b"")
    with pytest.raises(RequirementsInvalid, match=r"requirements.txt:1") as caught:
        read(tmp_path / "model", line)
    assert reason in str(caught.value)


def test_a_folder_outside_the_model_is_not_built(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "other").mkdir()
    with pytest.raises(RequirementsInvalid, match="must lie in the model folder"):
        read(tmp_path / "model", f"{tmp_path / 'other'}\n")


def test_a_folder_is_no_constraint(tmp_path: Path) -> None:
    with pytest.raises(RequirementsInvalid, match="no constraint"):
        read(tmp_path, "-c c.txt\n", c_txt="./\n")


def test_a_local_wheel_becomes_a_named_requirement(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "wheels", "my-pkg", "1.0")
    found = read(tmp_path, "./wheels/my_pkg-1.0-py3-none-any.whl[fast] ; python_version > '3'\n")
    assert lines(found) == [f'my-pkg[fast] @ {wheel.as_uri()} ; python_version > "3"']


def test_a_local_wheel_may_lie_beside_the_file_that_names_it(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "deps", "alpha", "1.0")
    found = read(tmp_path, "-r deps/r.txt\n", deps__r_txt="./alpha-1.0-py3-none-any.whl\n")
    assert lines(found) == [f"alpha @ {wheel.as_uri()}"]


def test_a_wheel_behind_a_url_becomes_a_named_requirement(tmp_path: Path) -> None:
    found = read(tmp_path, "https://example.com/alpha-1.0-py3-none-any.whl#egg=x\n")
    assert lines(found) == ["alpha @ https://example.com/alpha-1.0-py3-none-any.whl"]


def test_a_local_wheel_outside_the_folder_needs_an_absolute_path(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    wheel = make_wheel(tmp_path, "alpha", "1.0")
    with pytest.raises(RequirementsInvalid):
        read(tmp_path / "model", f"../{wheel.name}\n")
    assert lines(read(tmp_path / "model", f"{wheel}\n")) == [f"alpha @ {wheel.as_uri()}"]


def test_index_options_are_collected(tmp_path: Path) -> None:
    (tmp_path / "whl").mkdir()
    found = read(
        tmp_path,
        "-i https://one/simple\n--extra-index-url https://two/simple --trusted-host two\n"
        "-f whl\n--find-links https://three/links\n--no-index\n--pre\n--prefer-binary\n--only-binary :all:\n",
    )
    index = found.index
    assert (index.index_url, index.extra_index_urls) == ("https://one/simple", ("https://two/simple",))
    assert (index.trusted_hosts, index.no_index) == (("two",), True)
    assert set(index.find_links) == {str(tmp_path / "whl"), "https://three/links"}
    assert found.options == ("--only-binary=:all:", "--pre", "--prefer-binary")


def test_passwords_are_taken_off_every_url(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "-i https://me:p%40ss@one/simple\nalpha @ https://you:word@two/alpha-1.0-py3-none-any.whl\n",
    )
    assert found.index.index_url == "https://one/simple"
    assert lines(found) == ["alpha @ https://two/alpha-1.0-py3-none-any.whl"]
    assert {item.password.reveal() for item in found.index.credentials} == {"p@ss", "word"}


def test_variables_come_from_the_settings_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "of the host")
    settings = Settings((Setting("TOKEN", Secret("s3cr3t"), "-e", build_only=True),))
    found = read(tmp_path, "-i https://ci:${TOKEN}@one/simple\n", settings)
    assert found.index.index_url == "https://one/simple"
    assert found.index.credentials[0].password.reveal() == "s3cr3t"


def test_a_secret_that_would_be_stored_is_refused_and_not_shown(tmp_path: Path) -> None:
    settings = Settings((Setting("TOKEN", Secret("s3cr3t"), "-e", build_only=True),))
    with pytest.raises(RequirementsInvalid) as caught:
        read(tmp_path, "-i https://one/${TOKEN}/simple\n", settings)
    assert "s3cr3t" not in str(caught.value)


def test_an_error_does_not_show_the_password_of_its_line(tmp_path: Path) -> None:
    with pytest.raises(RequirementsInvalid) as caught:
        read(tmp_path, "alpha beta @ https://me:s3cr3t@host/x\n")
    assert "s3cr3t" not in str(caught.value)


def test_hashes_are_kept_with_their_requirement(tmp_path: Path) -> None:
    found = read(tmp_path, f"numpy==2.1.0 \\\n    --hash={ZEROS} \\\n    --hash=sha256:{'A' * 64}\n")
    assert found.requirements[0].hashes == (ZEROS, "sha256:" + "a" * 64)
    assert "--require-hashes" in found.options


@pytest.mark.parametrize("line", ["pandas==2.0", f"pandas>=2 --hash={ZEROS}", f"pandas==2.* --hash={ZEROS}"])
def test_hashed_files_are_hashed_and_pinned_throughout(tmp_path: Path, line: str) -> None:
    with pytest.raises(RequirementsInvalid, match=r"requirements.txt:2.*pandas"):
        read(tmp_path, f"numpy==2.1.0 --hash={ZEROS}\n{line}\n")


PLAIN = (
    "numpy",
    "numpy==1.26.4",
    "scikit-learn >= 1.3 , < 2",
    "a_b.c!=2",
    "zope.interface>5,<=6",
    "X==2024.1",
)


@pytest.mark.parametrize(
    "line", [*PLAIN, "numpy==1.*", "numpy~=1.2", "numpy[x]>=1", "numpy; python_version>'3'"]
)
def test_plain_lines_need_no_parser(tmp_path: Path, line: str) -> None:
    found = read(tmp_path, line).requirements[0]

    assert found.name == canonicalize_name(Pep508(line).name)
    assert bool(PLAIN_LINE.fullmatch(line)) == (line in PLAIN)


@pytest.mark.parametrize("line", ["numpy=1", "numpy==", "numpy 1.0", "-numpy", "numpy==1.x"])
def test_what_the_parser_refuses_is_never_plain(line: str) -> None:
    with pytest.raises(InvalidRequirement):
        Pep508(line)
    assert not PLAIN_LINE.fullmatch(line)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("./" + "a" * 5000, "name too long"),
        ("x ; " + "(" * 3000 + "python_version>'3'" + ")" * 3000, "nested too deep"),
        ("x ; " + "(" * 50000, "at most 8192 characters"),
        ("a" * 100000 + " b", "at most 8192 characters"),
        ("-r " + "a" * 5000, "name too long"),
        ("--extra-index-url http://user:1/s3cr3t@host/simple", "@ after its host"),
        ("--extra-index-url http://user:s3cr3t@host:99999/simple", "host or port"),
        ("--index-url http://user:s3;cr3t@host/simple", "percent-encode"),
        ("x ; http://u:" + "s3cr3t" * 60 + "@host", "expected"),
        ("--index-url http://user:s3cr3t@h℀st/simple", "host or port"),
    ],
)
def test_a_line_that_no_parser_can_take_is_refused(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(RequirementsInvalid) as caught:
        read(tmp_path, f"numpy\n{line}\n")

    (bad,) = caught.value.lines
    assert reason.lower() in bad.reason.lower()
    assert "cr3t" not in str(caught.value)
    assert len(bad.line) <= 300


@pytest.mark.parametrize(
    "line",
    ["a" * 100000 + "://", "x" + " " * 100000 + "y", "a" * 100000, "[" * 100000, "x -r " + "://" * 30000],
    ids=["scheme", "blanks", "name", "brackets", "urls"],
)
def test_a_long_line_takes_no_longer_than_its_length(tmp_path: Path, line: str) -> None:
    began = time.monotonic()
    with pytest.raises(RequirementsInvalid):
        read(tmp_path, line)

    assert time.monotonic() - began < 3


def test_files_that_include_each_other_too_deep_are_refused(tmp_path: Path) -> None:
    for number in range(1500):
        (tmp_path / f"r{number}.txt").write_text(f"-r r{number + 1}.txt\n")

    with pytest.raises(RequirementsInvalid, match="at most 50 deep"):
        read(tmp_path, "-r r0.txt\n")


def test_a_file_that_is_included_often_is_read_once(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"r{number}.txt").write_text(f"-r r{number + 1}.txt\n" * 3)
    (tmp_path / "r30.txt").write_text("numpy\n")

    found = read(tmp_path, "-r r0.txt\n-c r30.txt\n")

    assert [item.line for item in (*found.requirements, *found.constraints)] == ["numpy", "numpy"]


def test_what_conda_freezes_is_told_how_to_freeze_it_instead(tmp_path: Path) -> None:
    with pytest.raises(RequirementsInvalid) as failed:
        read(tmp_path, "certifi @ file:///croot/certifi_1690232220950/work/certifi\n")

    assert "pip list --format=freeze" in failed.value.hint
