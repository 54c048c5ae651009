"""Under which licence a distribution stands, in SPDX's words where its metadata allows.

The tables are ours: those of a library grow with its releases, and would change the bytes of an image.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ID, EXPRESSION, NAME = "id", "expression", "name"
_PREFIX = "License :: "
# What says only that there is a licence, or which family: no identifier follows from it.
_CLASSIFIERS = {
    "Academic Free License (AFL)": "AFL-3.0",
    "Apache Software License": "Apache-2.0",
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
    "CMU License (MIT-CMU)": "MIT-CMU",
    "Eclipse Public License 1.0 (EPL-1.0)": "EPL-1.0",
    "Eclipse Public License 2.0 (EPL-2.0)": "EPL-2.0",
    "European Union Public Licence 1.1 (EUPL 1.1)": "EUPL-1.1",
    "European Union Public Licence 1.2 (EUPL 1.2)": "EUPL-1.2",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 (LGPLv2)": "LGPL-2.0-only",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "Historical Permission Notice and Disclaimer (HPND)": "HPND",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Mulan Permissive Software License v2 (MulanPSL-2.0)": "MulanPSL-2.0",
    "PostgreSQL License": "PostgreSQL",
    "Python Software Foundation License": "PSF-2.0",
    "SIL Open Font License 1.1 (OFL-1.1)": "OFL-1.1",
    "The Unlicense (Unlicense)": "Unlicense",
    "Universal Permissive License (UPL)": "UPL-1.0",
    "University of Illinois/NCSA Open Source License": "NCSA",
    "Zero-Clause BSD (0BSD)": "0BSD",
    "Zope Public License": "ZPL-2.1",
    "zlib/libpng License": "Zlib",
}
_SPELLINGS = {
    "2-clause bsd": "BSD-2-Clause",
    "2-clause bsd license": "BSD-2-Clause",
    "3-clause bsd": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "apache v2": "Apache-2.0",
    "apache2": "Apache-2.0",
    "bsd 2-clause": "BSD-2-Clause",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "isc license": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0": "MPL-2.0",
    "mpl 2.0": "MPL-2.0",
    "new bsd": "BSD-3-Clause",
    "new bsd license": "BSD-3-Clause",
    "psf": "PSF-2.0",
    "simplified bsd": "BSD-2-Clause",
    "the mit license": "MIT",
}
IDENTIFIERS = frozenset((*_CLASSIFIERS.values(), *_SPELLINGS.values(), "BSL-1.0", "LGPL-2.1-only"))
_BY_LOWER = {identifier.lower(): identifier for identifier in IDENTIFIERS}
_EXPRESSION = re.compile(r"[A-Za-z0-9.+()\s-]+")
_LONGEST = 200


@dataclass(frozen=True)
class Licence:
    """A licence as CycloneDX tells of it: ``form`` is ``ID``, ``EXPRESSION`` or ``NAME``."""

    form: str
    text: str

    def document(self) -> dict[str, object]:
        """Return the element of a component's ``licenses``."""
        return {EXPRESSION: self.text} if self.form == EXPRESSION else {"license": {self.form: self.text}}


def licences_of(metadata: Mapping[str, Sequence[str]]) -> tuple[Licence, ...]:
    """Read the headers of a METADATA, by lower-case name: what is stated by SPDX's rules comes first."""
    for line in metadata.get("license-expression", ()):
        text = " ".join(line.split())
        if text and len(text) <= _LONGEST:
            return (_stated(text),)
    classified = _classified(metadata.get("classifier", ()))
    if classified and all(licence.form == ID for licence in classified):
        return classified
    free = next((found for line in metadata.get("license", ()) if (found := _free(line))), None)
    return (free,) if free else classified


def _stated(text: str) -> Licence:
    if known := _BY_LOWER.get(text.lower()):
        return Licence(ID, known)
    return Licence(EXPRESSION if _EXPRESSION.fullmatch(text) else NAME, text)


def _classified(classifiers: Sequence[str]) -> tuple[Licence, ...]:
    titles = {line.rpartition(" :: ")[2].strip() for line in classifiers if line.startswith(_PREFIX)}
    # "OSI Approved" alone names no licence.
    named = sorted(title for title in titles if title != "OSI Approved")
    return tuple(Licence(ID, _CLASSIFIERS[t]) if t in _CLASSIFIERS else Licence(NAME, t) for t in named)


def _free(text: str) -> Licence | None:
    """Read the field of free text: an identifier, an expression of them, or a name."""
    first = " ".join(text.split())[:_LONGEST]
    if not first or first.lower() in ("unknown", "none"):
        return None
    known = _BY_LOWER.get(first.lower()) or _SPELLINGS.get(first.lower())
    if known:
        return Licence(ID, known)
    operands = re.split(r" (?:OR|AND) ", first, flags=re.IGNORECASE)
    if len(operands) > 1 and all(word.lower() in _BY_LOWER for word in operands):
        known = re.sub(r"\S+", lambda word: _BY_LOWER.get(word[0].lower(), word[0].upper()), first)
        return Licence(EXPRESSION, known)
    return Licence(NAME, first)
