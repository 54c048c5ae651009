"""pip.conf, uv.toml, .netrc and service bindings, as files that people write."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from seldon_builder.errors import SeldonError
from seldon_builder.errors.indexes import BindingInvalid, IndexConfigurationInvalid
from seldon_builder.folders import Folders
from seldon_builder.package_index import IndexPin, PackageIndex
from seldon_builder.secret import Secret
from seldon_builder.settings import Setting, Settings
from seldon_builder.source import Source
from seldon_plugins.indexes import netrc_credentials, pip_configuration, service_bindings, uv_configuration

from .private_index import make_authority


class Desk:
    """A model folder, and the folders of whoever calls."""

    def __init__(self, root: Path) -> None:
        self.model, self.home, self.system, self.platform = (root / name for name in ("m", "h", "etc", "p"))
        self.model.mkdir()
        self.variables: dict[str, str] = {}

    @property
    def folders(self) -> Folders:
        return Folders(self.home, self.home / ".config", self.system, self.platform)

    @property
    def settings(self) -> Settings:
        items = sorted(self.variables.items())
        return Settings(tuple(Setting(name, value, "-e", build_only=True) for name, value in items))

    def write(self, path: Path, text: str | bytes) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def bind(self, name: str, **keys: str | bytes) -> None:
        for key, value in keys.items():
            self.write(self.platform / "bindings" / name / key.replace("__", "-").replace("_", "."), value)

    def pip(self) -> PackageIndex:
        return (
            pip_configuration.seldon_package_index(Source(self.model, ()), self.settings, self.folders)
            or PackageIndex()
        )

    def uv(self) -> PackageIndex:
        return (
            uv_configuration.seldon_package_index(Source(self.model, ()), self.settings, self.folders)
            or PackageIndex()
        )

    def netrc(self) -> PackageIndex:
        return (
            netrc_credentials.seldon_package_index(Source(self.model, ()), self.settings, self.folders)
            or PackageIndex()
        )

    def bindings(self) -> PackageIndex:
        return service_bindings.seldon_package_index(self.settings, self.folders) or PackageIndex()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def logins(index: PackageIndex) -> list[tuple[str, str, str]]:
    return [(item.url, item.username.reveal(), item.password.reveal()) for item in index.credentials]


def test_pip_says_all_that_a_build_heeds(desk: Desk) -> None:
    desk.write(
        desk.home / ".config/pip/pip.conf",
        "[global]\nindex-url = https://me:p%40ss@a.example/simple\nextra_index_url =\n  https://b.example/simple\n"
        "  https://c.example/simple\ntrusted-host = d\ncert = ca.pem\ntimeout = 7\nproxy = http://u:p@proxy:3128\n"
        "[install]\nno-index = yes\nfind-links = wheels https://e.example/links\n",
    )
    index = desk.pip()

    folder = desk.home / ".config/pip"
    assert index == PackageIndex(
        "https://a.example/simple",
        ("https://b.example/simple", "https://c.example/simple"),
        (str(folder / "wheels"), "https://e.example/links"),
        trusted_hosts=("d",),
        ca_bundle=folder / "ca.pem",
        timeout=7,
        proxies=(
            ("http_proxy", Secret("http://u:p@proxy:3128")),
            ("https_proxy", Secret("http://u:p@proxy:3128")),
        ),
        no_index=True,
    )
    assert logins(index) == [("https://a.example/simple", "me", "p@ss")]
    assert index.origins == (str(folder / "pip.conf"),)


def test_the_nearest_file_of_pip_wins_and_extra_indexes_add_up(desk: Desk) -> None:
    places = [
        desk.model / "named.conf",
        desk.model / "pip.conf",
        desk.home / ".config/pip/pip.conf",
        desk.home / ".pip/pip.conf",
        desk.system / "pip.conf",
    ]
    for number, place in enumerate(places):
        text = f"[global]\nindex-url=https://{number}.example/\nextra-index-url=https://extra-{number}.example/\n"
        desk.write(place, text)
    desk.variables["PIP_CONFIG_FILE"] = "named.conf"
    index = desk.pip()

    assert index.index_url == "https://0.example/"
    assert index.extra_index_urls == tuple(f"https://extra-{number}.example/" for number in range(5))


def test_pips_own_way_to_read_no_file_is_heeded(desk: Desk) -> None:
    desk.write(desk.system / "pip.conf", "[global]\nindex-url=https://a.example/\n")
    desk.variables["PIP_CONFIG_FILE"] = os.devnull

    assert desk.pip() == PackageIndex()


UV = """
index-url = "https://plain.example/simple"
find-links = ["wheels"]
allow-insecure-host = ["h"]
[[index]]
name = "main"
url = "https://main.example/simple"
default = true
[[index]]
name = "in-house"
url = "https://house.example/simple"
[[index]]
name = "torch"
url = "https://torch.example/whl"
explicit = true
[sources]
Torch_Vision = [{ index = "torch", marker = "sys_platform == 'linux'" }]
mine = { git = "https://git.example/mine" }
"""


def in_project(text: str) -> str:
    return text.replace("[[index]]", "[[tool.uv.index]]").replace("[sources]", "[tool.uv.sources]")


@pytest.mark.parametrize("name", ["uv.toml", "pyproject.toml"])
def test_uv_says_its_indexes_and_what_comes_from_which(desk: Desk, name: str) -> None:
    text = UV if name == "uv.toml" else "[tool.uv]" + in_project(UV)
    desk.write(desk.model / name, text)
    desk.variables |= {"UV_INDEX_IN_HOUSE_USERNAME": "me", "UV_INDEX_IN_HOUSE_PASSWORD": "s3cr3t"}
    index = desk.uv()

    assert index == PackageIndex(
        "https://main.example/simple",
        ("https://house.example/simple",),
        (str(desk.model / "wheels"),),
        pins=(IndexPin("torch-vision", "https://torch.example/whl"),),
        trusted_hosts=("h",),
    )
    assert logins(index) == [("https://house.example/simple", "me", "s3cr3t")]


def test_uv_reads_the_project_before_the_user_and_can_be_told_not_to(desk: Desk) -> None:
    desk.write(desk.model / "pyproject.toml", '[tool.uv]\nindex-url="https://model.example/"\n')
    desk.write(
        desk.home / ".config/uv/uv.toml",
        'index-url="https://user.example/"\nextra-index-url=["https://x.example/"]',
    )
    assert desk.uv() == PackageIndex("https://model.example/", ("https://x.example/",))
    desk.variables["UV_NO_CONFIG"] = "1"
    assert desk.uv() == PackageIndex("https://model.example/")
    desk.write(desk.model / "other.toml", 'index-url="https://other.example/"')
    desk.variables["UV_CONFIG_FILE"] = "other.toml"
    assert desk.uv() == PackageIndex("https://other.example/")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[sources]\na = { index = "nowhere" }', "no index 'nowhere'"),
        ('index = "https://a.example"', "index: must be"),
        ("index-url = 1", "index-url: must be a string"),
        ("extra-index-url = [1]", "must be a list"),
        ("sources = 1", "sources: must be a table"),
        ("index-url = ", "not TOML"),
        ("a = " + "[" * 5000, "nested too deep"),
        (b"\xff\xfe\x00", "not UTF-8"),
        ('index-url = "http://me:a/s3cr3t@host/"', "percent-encode"),
    ],
)
def test_settings_of_uv_that_mean_nothing_are_told_with_their_place(
    desk: Desk, text: str | bytes, reason: str
) -> None:
    desk.write(desk.model / "uv.toml", text)
    with pytest.raises(IndexConfigurationInvalid, match=reason) as raised:
        desk.uv()

    assert "uv.toml" in str(raised.value)
    assert "s3cr3t" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("index-url = https://me:s3cr3t@a.example", "line 1: pip cannot read it"),
        ("[global]\nindex-url = https://me:s3cr3t@a.example\nwhat", "pip cannot read it"),
        ("[global]\ntimeout = s3cr3t-soon", "number of seconds"),
        ("[global]\nindex-url = https://me:a/s3cr3t@host/", "percent-encode"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_what_pip_could_not_read_shows_no_secret(desk: Desk, text: str | bytes, reason: str) -> None:
    desk.write(desk.model / "pip.conf", text)
    with pytest.raises(IndexConfigurationInvalid, match=reason) as raised:
        desk.pip()

    assert "s3cr3t@" not in str(raised.value)


def test_a_file_that_is_named_must_be_there(desk: Desk) -> None:
    desk.variables |= dict.fromkeys(("PIP_CONFIG_FILE", "UV_CONFIG_FILE", "NETRC"), "absent")
    for read in (desk.pip, desk.uv, desk.netrc):
        with pytest.raises(IndexConfigurationInvalid, match="absent"):
            read()


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/etc/passwd")])
def test_what_is_no_file_of_the_model_is_told_at_once(desk: Desk, make: Callable[[Path], object]) -> None:
    make(desk.model / "pip.conf")
    make(desk.model / "uv.toml")
    for read in (desk.pip, desk.uv):
        with pytest.raises(IndexConfigurationInvalid, match=r"regular file|out of the model"):
            read()


def test_netrc_serves_a_host_on_every_port(desk: Desk) -> None:
    from seldon_builder.dependencies.url_credentials import with_credentials

    desk.write(
        desk.home / ".netrc", "machine a.example login me password s3cr3t\ndefault login x password y\n"
    )
    index = desk.netrc()

    assert with_credentials("https://a.example:8443/simple", index.credentials).startswith(
        "https://me:s3cr3t@"
    )
    assert with_credentials("https://b.example/simple", index.credentials) == "https://b.example/simple"


def test_another_programs_netrc_that_cannot_be_read_is_passed_by(desk: Desk) -> None:
    path = desk.write(desk.home / ".netrc", "machine a.example s3cr3t")
    assert desk.netrc() == PackageIndex()
    desk.variables["NETRC"] = str(path)
    with pytest.raises(IndexConfigurationInvalid) as raised:
        desk.netrc()
    assert "s3cr3t" not in str(raised.value)


def test_a_binding_of_an_index_is_a_file_each_key(desk: Desk) -> None:
    desk.bind(
        "house",
        type="PyPI\n",
        uri="https://a.example/simple\n",
        extra__index__url="https://b.example/simple\nhttps://c:d@c.example/simple\n",
        username="me\n",
        password="s3cr3t\n",
        _netrc="machine n.example login n password n",
    )
    desk.bind("others", type="redis", host="localhost")
    index = desk.bindings()

    assert index == PackageIndex(
        "https://a.example/simple", ("https://b.example/simple", "https://c.example/simple")
    )
    assert logins(index) == [
        ("https://a.example/simple", "me", "s3cr3t"),
        ("https://b.example/simple", "me", "s3cr3t"),
        ("https://c.example/simple", "c", "d"),
        ("//n.example", "n", "n"),
    ]
    assert "s3cr3t" not in repr(index)


def test_a_binding_may_be_a_pip_conf(desk: Desk) -> None:
    desk.bind("house", type="pip", pip_conf="[global]\nindex-url=https://me:s3cr3t@a.example/simple\n")

    assert logins(desk.bindings()) == [("https://a.example/simple", "me", "s3cr3t")]


def test_the_first_named_place_of_bindings_counts_alone(desk: Desk, tmp_path: Path) -> None:
    desk.bind("platform", type="pypi", uri="https://platform.example/")
    assert desk.bindings().index_url == "https://platform.example/"
    legacy = tmp_path / "legacy/house"
    desk.write(legacy / "metadata/kind", "pypi")
    desk.write(legacy / "secret/uri", "https://legacy.example/")
    desk.variables["CNB_BINDINGS"] = str(legacy.parent)
    assert desk.bindings().index_url == "https://legacy.example/"
    root = tmp_path / "root/house"
    desk.write(root / "..data/type", "pypi")
    desk.write(root / "..data/uri", "https://root.example/")
    for key in ("type", "uri"):
        (root / key).symlink_to(f"..data/{key}")
    desk.variables["SERVICE_BINDING_ROOT"] = str(root.parent)
    assert desk.bindings() == PackageIndex("https://root.example/")


def test_every_certificate_of_a_binding_is_trusted(desk: Desk, tmp_path: Path) -> None:
    first, second = (make_authority(tmp_path / name).read_text() for name in "ab")
    desk.bind("company", type="ca-certificates", one_pem=first, two_crt=second)

    assert sorted(desk.bindings().certificates) == sorted((first.strip(), second.strip()))


def test_all_that_is_wrong_with_bindings_is_told_at_once(desk: Desk, tmp_path: Path) -> None:
    good = make_authority(tmp_path / "ca").read_text()
    desk.bind("untyped", uri="https://a.example/")
    desk.bind("empty", type="pypi", username="me")
    desk.bind("several", type="ca-certificates", both_pem=good + good)
    desk.bind("broken", type="ca-certificates", x_pem=good[:60] + good[90:])
    desk.bind("bytes", type="pypi", uri=b"\xff")
    with pytest.raises(BindingInvalid) as raised:
        desk.bindings()

    problems = sorted(problem.partition(":")[0] for problem in raised.value.problems)
    assert {"binding broken", "binding empty", "binding several", "binding untyped"} < set(problems)
    assert any("not UTF-8" in problem for problem in raised.value.problems)


def test_a_folder_of_bindings_that_is_named_must_be_there(desk: Desk, tmp_path: Path) -> None:
    desk.variables["SERVICE_BINDING_ROOT"] = str(tmp_path / "absent")
    with pytest.raises(BindingInvalid, match="no such folder"):
        desk.bindings()


def test_these_errors_have_codes_of_their_own() -> None:
    errors: list[type[SeldonError]] = [IndexConfigurationInvalid, BindingInvalid]
    assert [error.exit_code for error in errors] == [94, 95]
