"""The table of docs/indexes.md, compared with the code and with what a build does."""

from __future__ import annotations

import re
from pathlib import Path

from seldon_builder.cli.caller import Caller
from seldon_builder.dependencies.configured_index import joined
from seldon_builder.dependencies.index_checks import default_index
from seldon_builder.dependencies.requirements_file import read_requirements
from seldon_builder.events import Event, silent
from seldon_builder.folders import Folders
from seldon_builder.package_index import PackageIndex
from seldon_builder.plugins import load_plugins
from seldon_builder.settings import Setting, Settings
from seldon_builder.source import Source
from seldon_builder.store import Store
from seldon_plugins.indexes import index_settings

PAGE = (Path(__file__).parents[1] / "docs" / "indexes.md").read_text()
ROWS = re.findall(r"^\| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)
PLACES = [name.strip("`") for name, _ in ROWS if name.startswith("`index-")]


def test_the_table_of_places_is_the_order_in_which_plugins_are_asked() -> None:
    manager = load_plugins()
    asked = [str(item.plugin_name) for item in reversed(manager.hook.seldon_package_index.get_hookimpls())]

    assert [name for name in asked if name.startswith("index-")] == PLACES


def test_the_table_of_variables_is_what_is_read() -> None:
    code = {
        *index_settings.INDEX_URL,
        *index_settings.EXTRA_INDEX_URLS,
        *index_settings.FIND_LINKS,
        *index_settings.TRUSTED_HOSTS,
        *index_settings.CA_BUNDLES,
        *index_settings.TIMEOUTS,
        *index_settings.PROXIES,
        *index_settings.NO_INDEX,
        *index_settings.OFFLINE,
        index_settings.PINS,
    }
    page = {word for names, _ in ROWS for word in re.findall(r"`([A-Za-z_]+)`", names)}

    assert code <= page


PIP = "[global]\nindex-url=https://{}.example/\nextra-index-url=https://extra-{}.example/\n"
UV = 'index-url="https://{}.example/"\nextra-index-url=["https://extra-{}.example/"]\n'
# The weakest first.
FILES = {
    "etc/pip.conf": PIP,
    "home/.config/pip/pip.conf": PIP,
    "model/pip.conf": PIP,
    "etc/uv/uv.toml": UV,
    "home/.config/uv/uv.toml": UV,
    "model/uv.toml": UV,
    "platform/bindings/house/uri": "https://{}.example/",
}


def index_of(folder: Path, **variables: str) -> PackageIndex:
    items = tuple(Setting(name, value, "-e", build_only=True) for name, value in variables.items())
    folders = Folders(folder / "home", folder / "home/.config", folder / "etc", folder / "platform")
    source = Source(folder / "model", ())
    known = load_plugins().hook.seldon_package_index(source=source, settings=Settings(items), folders=folders)
    return joined(PackageIndex(), known, Store(folder / "store"), silent)


def test_each_place_wins_over_all_below_it(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    for number, (name, text) in enumerate(FILES.items()):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(number, number))
        if "bindings" in name:
            (path.parent / "type").write_text("pypi")
        assert index_of(tmp_path).index_url == f"https://{number}.example/"
    strongest = index_of(tmp_path, PIP_INDEX_URL="https://variable.example/")
    assert strongest.index_url == "https://variable.example/"
    assert len(strongest.extra_index_urls) == 6
    (tmp_path / "model/requirements.txt").write_text("-i https://file.example/\n")
    file = read_requirements(Source(tmp_path / "model", ()), "requirements.txt").index
    assert file.merged(strongest).index_url == "https://file.example/"


def test_a_build_tells_which_files_had_their_say(tmp_path: Path) -> None:
    events: list[Event] = []
    joined(PackageIndex(), [PackageIndex("https://a", origins=("pip.conf",))], Store(tmp_path), events.append)

    assert [event.message for event in events] == ["Settings of package indexes: pip.conf"]


def test_the_folders_are_those_of_whoever_calls() -> None:
    caller = Caller({"XDG_CONFIG_HOME": "/config"}, Path("/home/me"), terminal=False)

    assert caller.folders(Path("/platform/env")) == Folders(
        Path("/home/me"), Path("/config"), Path("/etc"), Path("/platform")
    )
    assert Caller({}, Path("/home/me"), terminal=False).folders(None).configuration == Path(
        "/home/me/.config"
    )


def test_the_engines_own_index_is_known_without_being_written_down() -> None:
    assert default_index().startswith("https://")
    assert default_index().rstrip("/").endswith("/simple")
