"""Write the descriptions of our messages: ``python tests/write_descriptors.py`` after a .proto changed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet, MessageOptions

RUNTIMES = Path(__file__).parents[1] / "runtimes"
PROTOS = RUNTIMES / "protos"
DESCRIPTORS = RUNTIMES / "seldon_runtime" / "proto" / "descriptors.py"
HEAD = '''"""The messages and services as serialized FileDescriptorProtos, each file after what it imports.

Written by tests/write_descriptors.py from runtimes/protos.
"""

from __future__ import annotations

from collections.abc import Mapping

FILES: Mapping[str, bytes] = {
'''
WIDTH = 88


def compiled() -> Mapping[str, bytes]:
    """Return the serialized description of each .proto file and of what they import, in a fixed order."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "set"
        files = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
        arguments = ["-I", str(PROTOS), "--include_imports", f"--descriptor_set_out={output}", *files]
        subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *arguments], check=True)
        found = FileDescriptorSet.FromString(output.read_bytes())
    return {file.name: _stripped(file).SerializeToString(deterministic=True) for file in found.file}


def _stripped(file: FileDescriptorProto) -> FileDescriptorProto:
    """Leave out what only the generators of other languages read."""
    file.ClearField("options")
    for message in file.message_type:
        _strip(message)
    return file


def _strip(message: object) -> None:
    for field in message.field:  # type: ignore[attr-defined]  # a DescriptorProto
        field.ClearField("json_name")
    for nested in message.nested_type:  # type: ignore[attr-defined]
        _strip(nested)
        nested.options.CopyFrom(MessageOptions(map_entry=nested.options.map_entry))


def source(files: Mapping[str, bytes]) -> str:
    """Return descriptors.py."""
    return (
        HEAD
        + "".join(f"    {_quoted(name)}: (\n{_lines(content)}    ),\n" for name, content in files.items())
        + "}\n"
    )


def _lines(content: bytes) -> str:
    lines, start = [], 0
    while start < len(content):
        end = start + 1
        while end < len(content) and len(repr(content[start : end + 1])) <= WIDTH:
            end += 1
        lines.append(f"        {_quoted(content[start:end])}\n")
        start = end
    return "".join(lines)


def _quoted(value: str | bytes) -> str:
    text = repr(value)
    if "'" in text and text.endswith('"'):
        return text
    start = text.index("'")
    return text[:start] + '"' + text[start + 1 : -1].replace('"', '\\"') + '"'


if __name__ == "__main__":
    DESCRIPTORS.write_text(source(compiled()), "utf-8")
