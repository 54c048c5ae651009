"""Lists of exact URLs: what ``conda list --explicit`` prints and conda-lock renders."""

from __future__ import annotations

import re

from seldon_builder.dependencies.requirements_file import shown
from seldon_builder.dependencies.url_credentials import UrlInvalid, split_credentials
from seldon_builder.errors.conda import EnvironmentInvalid
from seldon_builder.errors.resolution import BadLine
from seldon_builder.package_index import IndexCredential

from .packages import Listed, PackageUnreadable, listed

_MD5, _SHA256 = re.compile(r"[0-9a-f]{32}"), re.compile(r"[0-9a-f]{64}")
_INPUT_HASH = re.compile(r"^# input_hash: ([0-9a-f]{64})$", re.MULTILINE)


def read_list(text: str, path: str) -> tuple[list[Listed], list[IndexCredential]]:
    """Return the packages of a list, and the credentials that its URLs had."""
    found: list[Listed] = []
    credentials: list[IndexCredential] = []
    bad: list[BadLine] = []
    begun = False
    for number, line in enumerate(text.splitlines(), 1):
        said = line.strip()
        if said == "@EXPLICIT":
            begun = True
        elif said and not said.startswith("#"):
            try:
                found.append(_package(said, credentials))
            except (PackageUnreadable, UrlInvalid) as error:
                bad.append(BadLine(f"{path}:{number}", shown(said), str(error)))
    if not begun:
        bad.append(BadLine(path, "", "it has no line @EXPLICIT, so it is no list of packages"))
    if begun and not found and not bad:
        bad.append(BadLine(path, "", "it lists no package"))
    if bad:
        raise EnvironmentInvalid(bad)
    return found, credentials


def _package(said: str, credentials: list[IndexCredential]) -> Listed:
    url, _, fragment = said.partition("#")
    if "://" not in url:
        raise PackageUnreadable("it is no URL")
    bare, credential = split_credentials(url)
    if credential:
        credentials.append(credential)
    digits = fragment.lower().removeprefix("sha256:").removeprefix("md5:").partition("&")[0]
    if not fragment:
        return listed(bare)
    if _SHA256.fullmatch(digits):
        return listed(bare, sha256=digits)
    if _MD5.fullmatch(digits):
        return listed(bare, md5=digits)
    raise PackageUnreadable("what follows # is neither an md5 nor a sha256")


def input_hash(text: str) -> str:
    """Return what conda-lock noted of the environment that a list was made from; "" where it did not."""
    found = _INPUT_HASH.search(text)
    return found[1] if found else ""
