"""Expected digests: of what Go 1.26's archive/tar writes for the same header."""

from __future__ import annotations

import io
import tarfile

import pytest
from seldon_builder.digest import Digest
from seldon_builder.entry import Bytes, Entry, file, folder, link
from seldon_builder.layers.tar import TRAILER, header, padding

DEEP = "/" + "/".join(["deep" * 5] * 6) + "/" + "name" * 20


def of_size(path: str, size: int, mode: int = 0o644) -> Entry:
    return Entry(path, mode, size, Bytes(b""))


GO = {
    "2ce42112be5a7d6038ec87a2ddd18c14ea008b0d94ca9322d7c2851a81387a90": folder("/layers"),
    "387884de306277e3facf8117fb72a393579369d94c1f65dbb74928f98ab89bad": of_size(
        "/layers/seldon_python/dependencies/lib/python3.13/site-packages/numpy/version.py", 1234
    ),
    "419b369b65c29f10f3eb606979f7d169af3deeeafa6d76b5bbe3d5c07ba18262": of_size(
        "/layers/seldon_python/dependencies/bin/f2py", 0, 0o755
    ),
    "2a1c1958cac50a19a6531cc235606edc4cd50332c4e24e3a627e6f3a6c551ffa": link(
        "/layers/seldon_python/dependencies/bin/python", "/usr/bin/python3.13"
    ),
    "581cae8ff04ca7a8afef1d9b1fb2384ad74f687c4e228dd704d1de0f44409d5f": of_size("/" + "a" * 99, 1),
    "fc1d2a42ce7ebe3617c0f68cf0691c723d2de45a17f0b025ef5d1595eec78401": of_size(DEEP, 1),
    "51c29370feb5f1d5a761fb8c31a7c5f1e0262e65363ee21d7218902373884bc2": of_size("/layers/" + "n" * 101, 1),
    "22498dae2a7750d60e5e9dfc2b31b36c206533c76bc3008f1406ec548561da4c": of_size(
        "/" + "p" * 154 + "/" + "q" * 100, 1
    ),
    "af920fa24e9aab23b070dcb9b8ad7bc7f7bf630ef65f18ff23148991ce497997": folder(
        "/layers/" + "/".join(["d" * 30] * 10)
    ),
    "cdac5a275c720415520283fc448acae6de66b9ef49ffec8e307f27a952f5b29b": of_size(
        "/workspace/mödell/漢字.txt", 3
    ),
    "09f48a5306c744cd8a8241ded4cab3e2c0cc01e8a5ad381bc7b9a65de5bf2cf3": of_size("/workspace/\udcff.bin", 3),
    "ca56b301b49aab65ede89ab62851d608786886331741bc8be3254f7b82295f0a": link("/layers/link", "/" + "t" * 120),
    "c736f3616d41261f7a311c45ff95cc3440e52076dc0199d86c610d911fd39b49": link("/layers/link", "über"),
    "1667183631fec38678bf98b9912f77c06e3d247ef6a2a00002e74a6c5ad5d4ac": of_size("/workspace/big", 8**11 - 1),
    "45fc5f79a9d522d42d6579a6cadf633957f0a6f64df44ae65bb9bef9c7482aa2": of_size("/workspace/bigger", 8**11),
    "0510af047189d0eb17206d84da404d2b844dc0b5ef0cf34dff9433df62aa3a29": of_size(DEEP, 8**12),
    "d4acc09d07f0cce4068e52fe050f36e30c50e8d32c4a00ce57b9b86d500c3ee9": of_size(
        "/" + "x" * 98 + "/" + "y" * 200, 1
    ),
}


@pytest.mark.parametrize(
    "digest", GO, ids=lambda digest: GO[digest].path[:40].encode("ascii", "replace").decode()
)
def test_a_header_is_what_go_writes(digest: str) -> None:
    assert Digest.of(header(GO[digest])).hex == digest


def test_python_reads_the_headers_back() -> None:
    entries = [folder("/a"), file("/a/" + "ü" * 80, b"hello", 0o755), link("/a/l", "x" * 150)]
    archive = b""
    for entry in entries:
        archive += header(entry, 1_700_000_000)
        archive += entry.content.open().read() + padding(entry.size) if entry.content else b""

    with tarfile.open(fileobj=io.BytesIO(archive + TRAILER)) as read:
        found = [(m.name, m.mode, m.size, m.linkname, m.uid, m.gid, m.mtime) for m in read.getmembers()]

    assert found == [
        ("/a", 0o755, 0, "", 8888, 0, 1_700_000_000),
        ("/a/" + "ü" * 80, 0o755, 5, "", 8888, 0, 1_700_000_000),
        ("/a/l", 0o777, 0, "x" * 150, 8888, 0, 1_700_000_000),
    ]


def test_the_trailer_has_no_padding_to_tape_blocks() -> None:
    assert bytes(1024) == TRAILER
