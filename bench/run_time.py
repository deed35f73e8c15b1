"""How long `interlock run` takes from the prompt to the result, and what memory: `python -m bench.run_time`.

Each run begins cold: an empty state directory, so the server, all processes and the index of the documents
are new. Memory is looked at from outside, again and again, for the command and everything that it started.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

REPOSITORY = Path(__file__).parent.parent
COMMAND = Path(sys.executable).with_name("interlock")
QUESTION = "How does Interlock stop a runaway agent, and what can it not undo?"
RUNS = 5
LIMIT_S = 60.0
EVERY_S = 0.05
MIB = 1024 * 1024
AIM_S, AIM_MIB = 5.0, 450


@dataclass(frozen=True)
class Run:
    """One run: wall time, the most memory at one moment, and what came of it.

    `rss_mib` counts pages that processes share once for each, `pss_mib` once.
    """

    seconds: float
    rss_mib: float
    pss_mib: float
    processes: int
    status: str
    claims: int


def measure(question: str, docs: Path) -> Run:
    """Run once; raise CalledProcessError when the command fails, TimeoutExpired when it takes too long."""
    with TemporaryDirectory(prefix="interlock-bench-") as state:
        command = (COMMAND, "run", question, "--docs", docs, "--state", state, "--json")
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            rss, pss, processes = _watch(process, began)
        finally:
            process.kill()
        seconds = time.perf_counter() - began
        printed = process.communicate()[0]
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    result = json.loads(printed)
    return Run(seconds, rss, pss, processes, result["status"], len(result["claims"]))


def _watch(process: "subprocess.Popen[bytes]", began: float) -> tuple[float, float, int]:
    """Return the peaks of RSS, PSS and the number of processes until the command ends."""
    peaks = (0.0, 0.0, 0)
    while process.poll() is None:
        if time.perf_counter() - began > LIMIT_S:
            raise subprocess.TimeoutExpired(process.args, LIMIT_S)
        now = _memory(process.pid)
        peaks = (max(peaks[0], now[0]), max(peaks[1], now[1]), max(peaks[2], now[2]))
        time.sleep(EVERY_S)
    return peaks


def _memory(root: int) -> tuple[float, float, int]:
    rss = pss = count = 0
    try:
        family = [psutil.Process(root), *psutil.Process(root).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0, 0.0, 0
    for member in family:
        try:
            memory = member.memory_full_info()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue  # it ended while we looked
        rss, pss, count = rss + memory.rss, pss + memory.pss, count + 1
    return rss / MIB, pss / MIB, count


def main(arguments: Sequence[str]) -> None:
    """Run several times and print each run and the median."""
    parser = argparse.ArgumentParser(prog="bench.run_time")
    parser.add_argument("--docs", type=Path, default=REPOSITORY / "docs")
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args(arguments)
    runs = [measure(options.question, options.docs) for _ in range(options.runs)]
    for run in runs:
        print(
            f"{run.seconds:5.2f} s  {run.rss_mib:4.0f} MiB resident, {run.pss_mib:4.0f} MiB without counting "
            f"twice, {run.processes} processes  {run.status}, {run.claims} claims"
        )
    seconds = statistics.median(run.seconds for run in runs)
    rss, pss = max(run.rss_mib for run in runs), max(run.pss_mib for run in runs)
    print(
        f"{seconds:5.2f} s  {rss:4.0f} MiB, {pss:4.0f} MiB (median, peaks; aims {AIM_S:.0f} s, {AIM_MIB} MB)"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
