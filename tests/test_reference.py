"""Image references."""

from __future__ import annotations

import pytest
from seldon_builder.errors import ReferenceInvalid
from seldon_builder.reference import Reference


@pytest.mark.parametrize(
    ("text", "host", "repository", "selector"),
    [
        ("iris", "docker.io", "library/iris", "latest"),
        ("iris:0.1", "docker.io", "library/iris", "0.1"),
        ("team/iris", "docker.io", "team/iris", "latest"),
        ("localhost/iris:1", "localhost", "iris", "1"),
        ("localhost:5000/models/iris:1", "localhost:5000", "models/iris", "1"),
        ("registry.example.com/iris", "registry.example.com", "iris", "latest"),
        ("[::1]:5000/iris", "[::1]:5000", "iris", "latest"),
        ("r.example.com/iris@sha256:" + "a" * 64, "r.example.com", "iris", "sha256:" + "a" * 64),
    ],
)
def test_a_reference_names_registry_repository_and_selector(
    text: str, host: str, repository: str, selector: str
) -> None:
    reference = Reference.parse(text)

    assert (reference.host, reference.remote_repository, reference.selector) == (host, repository, selector)


@pytest.mark.parametrize("text", ["iris", "team/iris:1", "localhost:5000/a/b:c", "a/b@sha256:" + "0" * 64])
def test_a_reference_prints_as_it_was_written(text: str) -> None:
    assert str(Reference.parse(text)).removesuffix(":latest") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Iris",
        "iris:",
        "iris:a b",
        "/iris",
        "iris/",
        "a//b",
        "iris@sha256:12",
        "https://a.com/iris",
        "iris:" + "x" * 129,
        "registry.example.com:port/iris",
        "-iris",
        "iris..a",
        "iris\n",
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ReferenceInvalid):
        Reference.parse(text)
