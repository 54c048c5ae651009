"""What may stand in an environment.yml, and what is wrong with others."""

import re
import sys
from pathlib import Path

import pytest
from seldon_builder.detection import Detection
from seldon_builder.errors.base import PythonConflict
from seldon_builder.errors.conda import CondaNotInstalled, EnvironmentInvalid, PythonOutOfRange
from seldon_builder.errors.resolution import RequirementsInvalid
from seldon_builder.errors.source import SettingInvalid
from seldon_builder.inputs.python_version import narrowed, wanted_python
from seldon_builder.secret import Secret
from seldon_builder.settings import Setting, Settings
from seldon_plugins import conda
from seldon_plugins.conda.environment import Environment
from seldon_plugins.conda.specs import pythons_of

from .test_resolution import source_of

SIMPLE = "channels: [tests]\ndependencies: [python=3.12]\n"


def settings_of(**values: str) -> Settings:
    return Settings(
        tuple(Setting(name, value, "-e", build_only=True) for name, value in sorted(values.items()))
    )


def read(root: Path, settings: Settings | None = None, /, **files: str) -> Detection:
    source = source_of(root, **files)
    claim = conda.seldon_detect(source)
    assert claim is not None
    found = conda.seldon_read(claim, source, settings or Settings())
    assert found is not None
    return found


def environment(root: Path, text: str, settings: Settings | None = None) -> Environment:
    found = read(root, settings, environment__yml=text).environment
    assert isinstance(found, Environment)
    return found


def problem(root: Path, text: str, settings: Settings | None = None) -> str:
    with pytest.raises(EnvironmentInvalid) as caught:
        read(root, settings, environment__yml=text)
    return caught.value.message.partition("\n")[2].strip()


@pytest.mark.parametrize(
    ("files", "first"),
    [
        ({"environment__yml": SIMPLE}, "environment.yml"),
        ({"environment__yaml": SIMPLE}, "environment.yaml"),
        ({"environment__yml": SIMPLE, "conda-lock__yml": "version: 1\n"}, "conda-lock.yml"),
        ({"conda-linux-64__lock": "@EXPLICIT\n"}, "conda-linux-64.lock"),
        ({"explicit__txt": "# platform: linux-64\n@EXPLICIT\n"}, "explicit.txt"),
        ({"environment__txt": "@EXPLICIT\n"}, "environment.txt"),
    ],
)
def test_its_files_are_claimed(tmp_path: Path, files: dict[str, str], first: str) -> None:
    claim = conda.seldon_detect(source_of(tmp_path, **files))
    assert claim is not None
    assert (claim.files[0], claim.rank, claim.locker) == (first, 40, "conda")


def test_a_text_that_is_no_list_is_not_claimed(tmp_path: Path) -> None:
    assert conda.seldon_detect(source_of(tmp_path, explicit__txt="warning: explicit lyrics\n")) is None


@pytest.mark.parametrize("line", ["-e .", ".", '"-e .[serve]"', "--editable=.", "'.[a]'  # us"])
def test_a_project_that_the_environment_installs_comes_before_the_project_alone(
    tmp_path: Path, line: str
) -> None:
    text = f"dependencies:\n- python=3.12\n- pip:\n  - {line}\n"
    claim = conda.seldon_detect(source_of(tmp_path, environment__yml=text, setup__py=""))
    assert claim is not None
    assert claim.rank == 29


def test_without_such_a_line_it_does_not(tmp_path: Path) -> None:
    claim = conda.seldon_detect(source_of(tmp_path, environment__yml=SIMPLE, setup__py=""))
    assert claim is not None
    assert claim.rank == 40


def test_the_project_is_to_be_built(tmp_path: Path) -> None:
    text = "channels: [tests]\ndependencies:\n- python=3.12\n- pip:\n  - -e .\n"
    project = '[project]\nname = "mine"\nversion = "1"\n'
    found = read(tmp_path, environment__yml=text, pyproject__toml=project)
    assert [(item.build, item.origin) for item in found.requirements] == [
        (str(tmp_path.resolve()), "environment.yml:5")
    ]


@pytest.mark.parametrize(
    "spec",
    [
        "numpy",
        "numpy=1.26",
        "numpy==1.26.4",
        "numpy 1.26.*",
        "numpy >=1,<2",
        "numpy=1.26=py311_0",
        "numpy>=1.20,!=1.21.0",
        "numpy[version='>=1,<2']",
        "numpy 1.26.*|2.*",
        "numpy ~=1.26",
        "numpy=*=*openblas",
        "ruamel.yaml",
        "_libgcc_mutex",
    ],
)
def test_every_spelling_of_a_spec_is_known(tmp_path: Path, spec: str) -> None:
    (found,) = environment(tmp_path, f'channels: [tests]\ndependencies: ["{spec}"]\n').specs
    assert (
        found.name
        == spec.partition("=")[0].split()[0].rstrip("<>~![version").partition("[")[0].partition(">")[0]
    )


@pytest.mark.parametrize("spec", ["other::numpy=1.26", "numpy[channel=other,version='=1.26']"])
def test_a_spec_may_name_its_channel(tmp_path: Path, spec: str) -> None:
    settings = settings_of(SELDON_CHANNEL_ALIASES="other=https://other.example/conda")
    (found,) = environment(tmp_path, f'channels: [tests]\ndependencies: ["{spec}"]\n', settings).specs
    assert found.channel is not None
    assert found.channel.url == "https://other.example/conda"
    assert "other" not in found.text


def test_channels_keep_their_order_and_nodefaults_is_none(tmp_path: Path) -> None:
    found = environment(tmp_path, "channels: [b, nodefaults, a]\ndependencies: [python]\n")
    assert [channel.name for channel in found.channels] == ["b", "a"]


def test_aliases_lead_to_urls_and_several_to_one_another(tmp_path: Path) -> None:
    settings = settings_of(
        SELDON_CHANNEL_ALIASES="defaults=http://x.example/main defaults=http://x.example/r forge=./channel/",
        CONDA_CHANNEL_ALIAS="https://all.example/",
    )
    found = environment(
        tmp_path, "channels: [defaults, forge/label/dev, more]\ndependencies: [python]\n", settings
    )
    assert [channel.place for channel in found.channels] == [
        "http://x.example/main",
        "http://x.example/r",
        "./channel/label/dev",
        "https://all.example/more",
    ]


def test_an_environment_without_channels_gets_those_of_the_variable(tmp_path: Path) -> None:
    found = environment(tmp_path, "dependencies: [python]\n", settings_of(CONDA_CHANNELS="a,b"))
    assert [channel.name for channel in found.channels] == ["a", "b"]


def test_passwords_and_tokens_of_channels_go_their_own_way(tmp_path: Path) -> None:
    text = (
        "channels: ['https://me:hunter22@a.example/conda', 'https://b.example/t/tok-123456/conda']\n"
        "dependencies: [python]\n"
    )
    found = read(tmp_path, environment__yml=text)
    assert "hunter22" not in f"{found}"
    assert "tok-123456" not in f"{found}"
    assert [(item.password.reveal(), item.path.reveal()) for item in found.index.credentials] == [
        ("hunter22", ""),
        ("", "/t/tok-123456"),
    ]


@pytest.mark.parametrize("password", ["hunter22" * 60, "a hunter22"])
def test_no_error_shows_a_password_that_is_long_or_has_a_blank(tmp_path: Path, password: str) -> None:
    said = problem(tmp_path, f"channels: ['https://me:{password}@a.example/a b']\ndependencies: [python]\n")
    assert "hunter22" not in said
    assert "a.example" in said


def test_an_alias_with_a_password_shows_it_nowhere(tmp_path: Path) -> None:
    said = Setting("SELDON_CHANNEL_ALIASES", Secret("tests=https://u:hunter22@x.example/c"), "-e", True)
    found = read(tmp_path, Settings((said,)), environment__yml=SIMPLE)
    assert "hunter22" not in f"{found}"
    assert found.index.credentials[0].password.reveal() == "hunter22"


def test_a_malformed_alias_is_an_error_of_the_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="is not NAME=URL"):
        read(tmp_path, settings_of(SELDON_CHANNEL_ALIASES="defaults"), environment__yml=SIMPLE)


def test_pip_lines_are_those_of_a_requirements_file(tmp_path: Path) -> None:
    text = (
        "channels: [tests]\ndependencies:\n- python\n- pip:\n  - six>=1.16  # a comment\n"
        "  - --extra-index-url https://u:hunter22@pip.example/simple\n  - -r more.txt\n  - -c limits.txt\n"
    )
    found = read(tmp_path, environment__yml=text, more__txt="attrs\n", limits__txt="six<2\n")
    assert [(item.line, item.origin) for item in found.requirements] == [
        ("six>=1.16", "environment.yml:5"),
        ("attrs", "more.txt:1"),
    ]
    assert [item.line for item in found.constraints] == ["six<2"]
    assert found.index.extra_index_urls == ("https://pip.example/simple",)
    assert found.files == ("environment.yml", "more.txt", "limits.txt")


def test_a_pip_line_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(RequirementsInvalid, match=r"environment\.yml:4: '--frobnicate'"):
        read(tmp_path, environment__yml="dependencies:\n- python\n- pip:\n  - --frobnicate\n")


def test_variables_are_texts_as_conda_has_them(tmp_path: Path) -> None:
    text = "dependencies: [python]\nvariables: {A: x, B: 1.50, C: true, D: '', E: 'no'}\n"
    assert environment(tmp_path, text).variables == (
        ("A", "x"),
        ("B", "1.50"),
        ("C", "True"),
        ("D", ""),
        ("E", "no"),
    )


def test_selectors_limit_specs_to_platforms(tmp_path: Path) -> None:
    text = (
        "channels: [tests]\ndependencies:\n  - python\n  - a  # [linux64]\n  - b  # [osx]\n  - c  # see [1]\n"
        "  - pip:\n    - d  # [win]\n    - e  # [aarch64]\n"
    )
    found = read(tmp_path, environment__yml=text)
    assert isinstance(found.environment, Environment)
    here = [spec.name for spec in found.environment.specs if spec.holds_on("linux-aarch64")]
    assert here == ["python", "c"]
    assert [item.line for item in found.requirements] == ['e ; platform_machine == "aarch64"']


def test_what_a_lock_depends_on_is_the_same_in_every_folder(tmp_path: Path) -> None:
    text = "channels: [./channel]\ndependencies: [python=3.12, './channel::six']\n"
    assert str(environment(tmp_path / "a", text)) == str(environment(tmp_path / "b", text))


def test_equal_files_of_both_endings_are_one(tmp_path: Path) -> None:
    found = read(tmp_path, environment__yml=SIMPLE, environment__yaml=SIMPLE)
    assert found.files == ("environment.yml", "environment.yaml")


def test_different_files_of_both_endings_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentInvalid, match="both are there, and they differ"):
        read(tmp_path, environment__yml=SIMPLE, environment__yaml=f"{SIMPLE}name: x\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "environment.yml: it is empty"),
        ("# nothing\n", "environment.yml: it is empty"),
        ("- python\n", "environment.yml:1: there must be `dependencies:` in it"),
        ("name: x\n", "environment.yml: it has no dependencies"),
        ("dependencies: python\n", "environment.yml:1: 'python': dependencies: is a list"),
        ("dependencies: [python]\nchanels: [x]\n", "environment.yml:2: 'chanels': there is no such key"),
        ("dependencies: [python]\ndependencies: []\n", "stands here again; it is in line 1 too"),
        ("dependencies: [[python]]\n", "a dependency is a text"),
        ("dependencies: [3.12, {conda: [x]}]\n", "among dependencies there is `pip:` alone"),
        ("dependencies: [python, numpy>>1]\n", "'numpy>>1': unable to parse version spec"),
        ("dependencies: [python]\nchannels: 'x y'\n", "channels: is a list"),
        ("dependencies: [python]\nchannels: [x y]\n", "a channel is a name, a URL or a folder"),
        ("dependencies: [python]\nchannels: ['ftp://x']\n", "channels are reached by http:"),
        ("dependencies: [python]\nvariables: [x]\n", "variables: is a mapping"),
        ("dependencies: [python]\nvariables: {A: [1]}\n", "the value of A must be a text"),
        ("dependencies: [python]\nvariables: {'A B': 1}\n", "a variable's name has letters"),
        ("dependencies: [python]\nplatforms: [amiga]\n", "'amiga' is no platform"),
        ("dependencies: [python]\n---\ndependencies: []\n", "a second document begins"),
        ("dependencies: [python\n", "it is not YAML"),
        ("dependencies: *a\n", "it is not YAML|stands for nothing"),
        ("dependencies: !!python/object/apply:os.system [ls]\n", "the tag .* means nothing here"),
        ("[" * 100_000, "nested more than 40 deep"),
        ("{a: " * 100_000, "nested more than 40 deep"),
        ("a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\ndependencies: [*c]\n", "a dependency is a text"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert re.search(
        re.escape(said) if "|" not in said and ".*" not in said else said, problem(tmp_path, text)
    )


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = "chanels: []\ndependencies: ['a>>1', 'b>>1']\nvariables: 1\n"
    assert len(problem(tmp_path, text).splitlines()) == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"dependencies: [\xff]\n", "it is not UTF-8 text"),
        (b"#" * (1 << 20) + b"\n", "larger than"),
    ],
)
def test_files_that_are_no_text_or_too_long_are_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "environment.yml").write_bytes(content)
    with pytest.raises(EnvironmentInvalid, match=said):
        read(tmp_path)


@pytest.mark.parametrize(
    ("spec", "pythons"),
    [
        ("python", ("3.10", "3.11", "3.12", "3.13")),
        ("python=3.12", ("3.12",)),
        ("python 3.12.*", ("3.12",)),
        ("python==3.11.9", ("3.11",)),
        ("python>=3.9,<3.12", ("3.10", "3.11")),
        ("python >=3.12", ("3.12", "3.13")),
        ("python !=3.11.*", ("3.10", "3.12", "3.13")),
        ("python=3.12=*_cpython", ("3.12",)),
    ],
)
def test_the_pythons_that_an_environment_allows(tmp_path: Path, spec: str, pythons: tuple[str, ...]) -> None:
    found = environment(tmp_path, f'channels: [tests]\ndependencies: ["{spec}"]\n')
    assert pythons_of(found.specs) == pythons


@pytest.mark.parametrize("spec", ["python=3.8", "python=2.7", "python>=3.15", "python<3.10"])
def test_a_python_that_no_image_runs_is_an_error(tmp_path: Path, spec: str) -> None:
    with pytest.raises(PythonOutOfRange, match=r"images run Python 3\.10 to 3\.13"):
        read(tmp_path, environment__yml=f"channels: [tests]\ndependencies: ['{spec}']\n")


def test_the_base_may_have_any_python(tmp_path: Path) -> None:
    found = read(tmp_path, environment__yml=SIMPLE)
    assert str(wanted_python(source_of(tmp_path), Settings(), "", found)) == "any"


def test_an_option_chooses_among_the_pythons_of_the_environment(tmp_path: Path) -> None:
    found = read(tmp_path, environment__yml="channels: [x]\ndependencies: ['python>=3.11']\n")
    assert narrowed(found, source_of(tmp_path), Settings(), "3.12").own_python == ("3.12",)


def test_an_option_that_contradicts_the_environment_is_an_error(tmp_path: Path) -> None:
    found = read(tmp_path, environment__yml=SIMPLE)
    with pytest.raises(
        PythonConflict, match=r"--python asks for Python 3\.11, but environment\.yml has 3\.12"
    ):
        narrowed(found, source_of(tmp_path), Settings(), "3.11")


@pytest.mark.parametrize(("missing", "spec"), [("yaml", "python"), ("rattler", "numpy~=1.26")])
def test_without_the_extra_the_error_names_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, spec: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(CondaNotInstalled) as caught:
        read(tmp_path, environment__yml=f"channels: [x]\ndependencies: ['{spec}']\n")
    assert "pip install 'seldon-python[conda]'" in (caught.value.hint or "")
