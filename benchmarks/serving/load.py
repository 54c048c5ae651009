"""Load from the other core: wrk as fast as it goes over HTTP/1.1, h2load for gRPC and at a given pace."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from .payloads import Call
from .servers import LOAD_CORE, Running

CONNECTIONS = 16
WARM_UP = 1.0
# Longer than any run: h2load waits for ever where a server closes connections.
STUCK = 300
TOOLS = {"wrk": "wrk", "h2load": "nghttp2-client", "nghttp": "nghttp2-client", "taskset": "util-linux"}
WRK_SCRIPT = """
wrk.method = "POST"
wrk.headers["content-type"] = %s
local file = io.open(%s, "rb")
wrk.body = file:read("*a")
done = function(summary, latency)
  local e = summary.errors
  print(string.format('RESULT {"requests": %%d, "microseconds": %%d, "errors": %%d, "p50": %%f, "p99": %%f}',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Load:
    """What a generator counted; an answer other than 200 is an error, over gRPC one of another size too."""

    requests: int
    seconds: float
    errors: int
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def check_tools() -> None:
    """SystemExit where a generator is missing."""
    missing = sorted({package for tool, package in TOOLS.items() if not shutil.which(tool)})
    if missing:
        raise SystemExit(f"the load generators are missing: apt-get install {' '.join(missing)}")


def saturate(running: Running, call: Call, seconds: float) -> Load:
    """Keep sixteen requests in flight."""
    if not call.is_grpc:
        return _wrk(running, call, seconds)
    return _h2load(running, call, seconds, f"-c{CONNECTIONS // 4}", "-m4")


def pace(running: Running, call: Call, seconds: float, rate: float) -> Load:
    """Send ``rate`` requests a second over sixteen connections, whatever the answers take."""
    flags = () if call.is_grpc else ("--h1",)
    return _h2load(running, call, seconds, *flags, f"-c{CONNECTIONS}", f"--rps={rate / CONNECTIONS:.3f}")


def _wrk(running: Running, call: Call, seconds: float) -> Load:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "body").write_bytes(call.body)
        (folder / "post.lua").write_text(
            WRK_SCRIPT % (json.dumps(call.content_type), json.dumps(str(folder / "body")))
        )
        flags = ("-t1", f"-c{CONNECTIONS}", f"-d{max(round(seconds), 1)}s", "--timeout=10s")
        output = _run("wrk", *flags, f"-s{folder / 'post.lua'}", running.url(call))
    found = json.loads(output.partition("RESULT ")[2].partition("\n")[0])
    seconds = found["microseconds"] / 1e6
    # A server that answers nothing at all leaves nothing to count.
    errors = found["errors"] or int(not found["requests"])
    return Load(found["requests"], seconds, errors, found["p50"] / 1e3, found["p99"] / 1e3)


def _h2load(running: Running, call: Call, seconds: float, *flags: str) -> Load:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "body").write_bytes(call.body)
        headers = (f"-Hcontent-type: {call.content_type}", *(("-Hte: trailers",) if call.is_grpc else ()))
        duration = f"--duration={max(round(seconds), 1)}"
        windows = ("-w24", "-W24")
        files = (f"--data={folder / 'body'}", f"--log-file={folder / 'log'}")
        output = _run("h2load", "-t1", *flags, *headers, duration, *windows, *files, running.url(call))
        log = (folder / "log").read_text()
    seconds = max(round(seconds), 1)
    return _counted(
        log, seconds, _failed(output) or (_short(output, running.size(call)) if call.is_grpc else 0)
    )


def _counted(log: str, seconds: float, errors: int) -> Load:
    """Read h2load's log: start, status and microseconds of each request."""
    lines = [line.split("\t") for line in log.splitlines()]
    if not lines:
        return Load(0, seconds, max(errors, 1), 0.0, 0.0)
    times = sorted(int(line[2]) / 1e3 for line in lines)
    wrong = sum(line[1] != "200" for line in lines)
    return Load(len(lines), seconds, max(wrong, errors), _at(times, 0.5), _at(times, 0.99))


def _failed(output: str) -> int:
    return sum(map(int, re.findall(r"(\d+) (?:failed|errored|timeout)", output)))


def _short(output: str, size: int) -> int:
    """Return how many answers the received bytes are short of: a gRPC error is a 200 without a body."""
    done, received = re.findall(r"(\d+) done", output)[0], re.findall(r"\((\d+)\) data", output)[0]
    missing = int(done) - int(received) / size
    # What was under way at the end is received in part.
    return round(abs(missing)) if abs(missing) > CONNECTIONS else 0


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def _run(*command: str) -> str:
    loaded = ("taskset", "-c", LOAD_CORE, *command)
    try:
        done = subprocess.run(loaded, capture_output=True, text=True, check=False, timeout=STUCK)
    except subprocess.TimeoutExpired as error:
        raise SystemExit(f"{' '.join(command)} does not end") from error
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}{done.stdout}")
    return done.stdout
