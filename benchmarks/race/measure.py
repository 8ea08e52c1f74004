"""One server under load from wrk for some seconds: requests, latencies, processor time, memory; and medians of that.

In: an address, a body, the processes to look at. Out: Samples, and of several of them one Figure. wrk, the server and
the database share the machine. What other processes took meanwhile is told too.
"""

from __future__ import annotations

import json
import math
import os
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .workload import KEY, TRACKS

TICKS = os.sysconf("SC_CLK_TCK")
PREPARED = 4000
"""Requests with random keys that are made before the clock starts."""

SCRIPT = """
wrk.method = "POST"
wrk.path = {path}
{headers}
local before, after = {before}, {after}
if after then
  local requests, at = {{}}, 0
  function init()
    math.randomseed(42)
    for i = 1, {prepared} do requests[i] = wrk.format(nil, nil, nil, before .. math.random(1, {tracks}) .. after) end
  end
  function request() at = at % #requests + 1; return requests[at] end
else
  wrk.body = before
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT {{"requests":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f,"failed":%d}}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.status + e.connect + e.read + e.write + e.timeout))
end
"""


@dataclass(frozen=True)
class Load:
    """What wrk saw: requests a second, latencies in ms, how many requests there were and how many failed."""

    rps: float
    p50: float
    p99: float
    requests: int
    failed: int


@dataclass(frozen=True)
class Sample:
    """A load, the CPU ms a request of the server and of the database, memory in MB, and cores that others took."""

    load: Load
    cpu: float
    database_cpu: float
    memory: float
    others: float


@dataclass(frozen=True)
class Figure:
    """Medians of the rounds, in the units of Sample; `spread` is the part by which the rate of one lies away from the
    median at most, `failed` counts the failed requests of all.
    """

    rps: float
    spread: float
    p50: float
    p99: float
    cpu: float
    database_cpu: float
    memory: float
    failed: int
    others: float


def figure(samples: Sequence[Sample]) -> Figure:
    """The medians of some rounds' samples."""
    rates = [each.load.rps for each in samples]
    middle = statistics.median(rates)
    return Figure(
        rps=middle,
        spread=max(abs(each - middle) for each in rates) / middle,
        p50=statistics.median(each.load.p50 for each in samples),
        p99=statistics.median(each.load.p99 for each in samples),
        cpu=statistics.median(each.cpu for each in samples),
        database_cpu=statistics.median(each.database_cpu for each in samples),
        memory=statistics.median(each.memory for each in samples),
        failed=sum(each.load.failed for each in samples),
        others=statistics.median(each.others for each in samples),
    )


def parse(output: str) -> Load:
    """The load of wrk's output; RuntimeError with the output when it tells none."""
    found = re.search(r"^RESULT (\{.*\})$", output, re.MULTILINE)
    if not found:
        raise RuntimeError(f"wrk told nothing that can be read:\n{output}")
    told = json.loads(found[1])
    return Load(told["requests"] / told["seconds"], told["p50"], told["p99"], told["requests"], told["failed"])


def script(path: str, headers: Mapping[str, str], body: str) -> str:
    """wrk's Lua script that posts a body; with random keys where it holds `KEY`."""
    before, found, after = body.replace(f'"{KEY}"', KEY).partition(KEY)
    return SCRIPT.format(
        path=quoted(path),
        headers="\n".join(f"wrk.headers[ {quoted(name)} ] = {quoted(value)}" for name, value in headers.items()),
        before=quoted(before),
        after=quoted(after) if found else "nil",
        prepared=PREPARED,
        tracks=TRACKS,
    )


def quoted(text: str) -> str:
    """A string of Lua's."""
    return f"[==[{text}]==]"


def wrk(address: str, lua: str, seconds: int, connections: int) -> Load:
    """Runs wrk against `http://host:port` with a script, in one thread."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(lua)
        file.flush()
        options = ("-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", file.name)
        done = subprocess.run(["wrk", *options, address], capture_output=True, text=True, check=False)
    return parse(done.stdout + done.stderr)


def window(warm: Load, seconds: int, connections: int) -> int:
    """Seconds to measure for, by the warm-up's load: four times as many at most, where too few requests would end.

    What is not answered when the time is up is not counted, so each connection should have had four answers.
    """
    return min(4 * seconds, max(seconds, math.ceil(4 * connections / max(warm.rps, 0.1))))


def settle(*processes: int) -> None:
    """Returns when processes rest, or after half a minute: some work on for clients that are gone already."""
    for _ in range(150):
        before = sum(map(processor, processes))
        time.sleep(0.2)
        if sum(map(processor, processes)) - before <= 0.02:
            return


def sample(address: str, lua: str, seconds: int, connections: int, server: int, database: int) -> Sample:
    """wrk's word, and what the processes below `server` and `database` (ids) took meanwhile.

    RuntimeError when no request was answered at all.
    """
    own, theirs, children, busy = processor(server), processor(database), waited(), machine()
    started = time.monotonic()
    load = wrk(address, lua, seconds, connections)
    lasted = time.monotonic() - started
    if not load.requests:
        raise RuntimeError(f"{address} answered no request in {seconds} s.")
    own, theirs = processor(server) - own, processor(database) - theirs
    others = machine() - busy - own - theirs - (waited() - children)
    return Sample(
        load, 1000 * own / load.requests, 1000 * theirs / load.requests, memory(server), max(0.0, others / lasted)
    )


def tree(process: int) -> list[int]:
    """A process and all below it."""
    below: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := status(int(folder.name))):
            below.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [process]
    for each in found:
        found += below.get(each, [])
    return found


def status(process: int) -> list[str]:
    """The fields of /proc/…/stat after the name; none for a process that is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def processor(process: int) -> float:
    """Seconds of processor time that a process and all below it took, and those below that ended."""
    return sum(sum(map(int, fields[11:15])) for each in tree(process) if (fields := status(each))) / TICKS


def memory(process: int) -> float:
    """MB that a process and all below it hold; what they share with others is shared out."""
    total = 0
    for each in tree(process):
        try:
            total += int(re.findall(r"^Pss:\s+(\d+)", Path(f"/proc/{each}/smaps_rollup").read_text(), re.M)[0])
        except (OSError, IndexError):
            continue
    return total / 1024


def waited() -> float:
    """Seconds of processor time of this process and of those it waited for, wrk among them."""
    return sum(os.times()[:4])


def machine() -> float:
    """Seconds of processor time that the whole machine took so far."""
    user, nice, system, _, _, *interrupts = map(int, Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + sum(interrupts)) / TICKS
