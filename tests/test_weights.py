"""What counts as weights, and which layers they make."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from seldon_builder.errors.source import IgnoreRuleInvalid
from seldon_builder.layers.weights import slice_paths, weight_groups, weight_patterns
from seldon_builder.settings import Setting, Settings
from seldon_builder.source import Source, SourceFile

MIB = 1 << 20


def source(**sizes: int) -> Source:
    return Source(
        Path("/model"), tuple(SourceFile(PurePosixPath(name), 0o664, sizes[name]) for name in sorted(sizes))
    )


def groups(found: Source, *patterns: str) -> list[list[str]]:
    return [[str(file.path) for file in group] for group in weight_groups(found, patterns)]


SUFFIXES = (
    *("pkl", "pickle", "joblib", "h5", "keras", "pt", "pth", "onnx"),
    *("safetensors", "npy", "npz", "ckpt", "bin", "pb", "gguf", "PKL"),
)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_weights_are_known_by_their_suffix(suffix: str) -> None:
    assert groups(source(**{f"a.{suffix}": 10, "a.py": 10})) == [[f"a.{suffix}"]]


def test_any_large_file_counts_as_weights() -> None:
    assert groups(source(**{"vocabulary.txt": MIB, "words.txt": MIB - 1})) == [["vocabulary.txt"]]


def test_each_file_of_10_mib_has_a_layer_of_its_own_and_the_rest_share_one() -> None:
    sizes = {"b.pt": 10 * MIB, "a.pt": 11 * MIB, "c.pt": 10 * MIB - 1, "d.pkl": 1}

    assert groups(source(**sizes)) == [["a.pt"], ["b.pt"], ["c.pt", "d.pkl"]]


def test_there_are_at_most_20_layers_and_the_largest_keep_their_own() -> None:
    sizes = {f"shard-{number:02}.pt": (10 + number) * MIB for number in range(30)}

    found = groups(source(**sizes))

    assert len(found) == 20
    assert [name for group in found[:-1] for name in group] == [
        f"shard-{number:02}.pt" for number in range(11, 30)
    ]
    assert found[-1] == [f"shard-{number:02}.pt" for number in range(11)]


def test_20_large_files_fill_20_layers() -> None:
    assert len(groups(source(**{f"{number}.pt": 10 * MIB for number in range(20)}))) == 20


def test_what_the_user_lists_counts_too(tmp_path: Path) -> None:
    (tmp_path / "project.toml").write_text('[io.seldon]\nweights = ["/tables/*.csv"]\n')
    settings = Settings((Setting("SELDON_WEIGHTS", "*.dat, vocab.txt", "-e", build_only=True),))
    patterns = weight_patterns(Source(tmp_path, ()), settings)

    found = source(**{"a.dat": 1, "vocab.txt": 1, "tables/x.csv": 1, "x.csv": 1})

    assert patterns == ("*.dat", "vocab.txt", "/tables/*.csv")
    assert groups(found, *patterns) == [["a.dat", "tables/x.csv", "vocab.txt"]]


def test_a_pattern_that_is_none_is_named() -> None:
    with pytest.raises(IgnoreRuleInvalid, match=r"SELDON_WEIGHTS:1"):
        weight_groups(source(a=1), ["[z-a]"])


def test_links_and_folders_are_no_weights() -> None:
    files = (
        SourceFile(PurePosixPath("a.bin"), 0o775, is_folder=True),
        SourceFile(PurePosixPath("b.pkl"), 0o777, link="c"),
    )

    assert weight_groups(Source(Path("/model"), files)) == ()


def test_the_paths_of_a_slice_match_nothing_but_themselves() -> None:
    files = [SourceFile(PurePosixPath(name), 0o664) for name in ("a*[1]?.pkl", "b\\c.pkl")]

    assert slice_paths(files) == (r"a\*\[1]\?.pkl", r"b\\c.pkl")
