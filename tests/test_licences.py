"""Licences in the words of SPDX, from whatever authors wrote into their metadata."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from seldon_builder.dependencies.licences import IDENTIFIERS, licences_of
from seldon_builder.layers.stored_metadata import headers_of

CASES = {
    "License-Expression: MIT": [{"license": {"id": "MIT"}}],
    "License-Expression: mit": [{"license": {"id": "MIT"}}],
    "License-Expression: Apache-2.0 OR  BSD-2-Clause": [{"expression": "Apache-2.0 OR BSD-2-Clause"}],
    "License-Expression: LicenseRef-<mine>": [{"license": {"name": "LicenseRef-<mine>"}}],
    "License-Expression: MIT\nLicense: something else": [{"license": {"id": "MIT"}}],
    "License: Apache License 2.0": [{"license": {"id": "Apache-2.0"}}],
    "License: bsd-3-clause": [{"license": {"id": "BSD-3-Clause"}}],
    "License: MIT or apache-2.0": [{"expression": "MIT OR Apache-2.0"}],
    "License: Our own, ask us": [{"license": {"name": "Our own, ask us"}}],
    "License: UNKNOWN": [],
    "License: BSD 3-Clause License\n        Copyright (c) 2026, somebody": [
        {"license": {"id": "BSD-3-Clause"}}
    ],
    "Classifier: License :: OSI Approved :: MIT License": [{"license": {"id": "MIT"}}],
    "Classifier: License :: OSI Approved :: BSD License\nLicense: BSD-2-Clause": [
        {"license": {"id": "BSD-2-Clause"}}
    ],
    "Classifier: License :: OSI Approved :: BSD License": [{"license": {"name": "BSD License"}}],
    "Classifier: License :: OSI Approved": [],
    "Classifier: License :: OSI Approved :: ISC License (ISCL)\n"
    "Classifier: License :: OSI Approved :: Apache Software License": [
        {"license": {"id": "Apache-2.0"}},
        {"license": {"id": "ISC"}},
    ],
    "Classifier: Topic :: Software Development": [],
    "": [],
}


@pytest.mark.parametrize("headers", CASES)
def test_metadata_becomes_licences(headers: str) -> None:
    found = licences_of(headers_of(f"Metadata-Version: 2.4\nName: x\n{headers}\n\nBody: License\n".encode()))

    assert [licence.document() for licence in found] == CASES[headers]


def test_every_identifier_of_ours_is_one_of_the_schema() -> None:
    schema = json.loads(files("cyclonedx.schema").joinpath("_res", "spdx.SNAPSHOT.schema.json").read_text())

    assert set(schema["enum"]) >= IDENTIFIERS


def test_metadata_that_is_no_text_still_has_its_requirements() -> None:
    found = headers_of(b"Name: \xff\nLicense: \xfe\nRequires-Dist: numpy\n")

    assert found["requires-dist"] == ["numpy"]


def test_a_whole_licence_in_a_field_is_cut_to_its_name() -> None:
    found = headers_of(b"License: " + b"x" * 5000 + b"\n        more\n")

    assert found["license"] == ["x" * 200]
