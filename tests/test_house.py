"""The house's own rules, as tests; knows how code may look, and nothing of what it does.

Each rule is a function from a piece of the house to its complaints, so that the last part of this file can
show every rule a sin and see it caught. A complaint says where and what; CONTRIBUTING is this file.
"""

import ast
import io
import os
import re
import statistics
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
COMPONENTS = ("contracts", "bus", "agents", "effects", "supervisor", "console")

FILE_LINES = 400
MEDIAN_FILE_LINES = 150
FUNCTION_LINES = 60
SHORT_FUNCTION_LINES = 30
SHORT_FUNCTIONS_SHARE = 0.95

MAY_SLEEP: dict[str, str] = {
    "tests/processes/haunting.py": "a process that is turned away and comes again, which no test waits for",
    "tests/processes/test_kill_handle.py": "the time for which nobody is heard is what is tested",
    "tests/simulation/test_loop.py": "in virtual time, where sleeping is what is tested",
    "tests/simulation/test_network.py": "in virtual time, where nobody waits",
}
"""Test files (from the root) that may sleep, each with its reason."""


class Source(NamedTuple):
    """One Python file: where it stands, seen from the root, and its text."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def line_count(self) -> int:
        return len(self.text.splitlines())


Rule = Callable[[Source], Iterator[str]]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def tracked(*patterns: str) -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    return [path for name in sorted(set(listing.split("\0")) - {""}) if (path := ROOT / name).is_file()]


def sources(*patterns: str) -> list[Source]:
    return [Source(str(path.relative_to(ROOT)), path.read_text("utf-8")) for path in tracked(*patterns)]


def component_sources() -> list[Source]:
    return sources(*(f"{component}/*.py" for component in COMPONENTS))


def functions(source: Source) -> Iterator[Function]:
    return (node for node in ast.walk(source.tree) if isinstance(node, Function))


def lines_of(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


# Rules for one source.


def too_long(source: Source) -> Iterator[str]:
    if source.line_count > FILE_LINES:
        yield f"{source.path}: {source.line_count} lines, at most {FILE_LINES}: what can move out?"
    for function in functions(source):
        if lines_of(function) > FUNCTION_LINES:
            yield f"{source.path}:{function.lineno}: {function.name} has {lines_of(function)} lines"


def undescribed(source: Source) -> Iterator[str]:
    if not ast.get_docstring(source.tree):
        yield f"{source.path}: no docstring; what does it decide, and what must it not know?"


def unfinished(source: Source) -> Iterator[str]:
    for number, line in enumerate(source.text.splitlines(), 1):
        if re.search(r"\b(?:TODO|FIXME|XXX)\b", line):
            yield f"{source.path}:{number}: unfinished: {line.strip()}"


def unitless(source: Source) -> Iterator[str]:
    quantity = re.compile(r"(?:\w+_)?(?:timeout|deadline|interval|duration|delay|cost|price|size)")
    for node in ast.walk(source.tree):
        match node:
            case (
                ast.AnnAssign(target=ast.Name(id=name), annotation=kind) | ast.arg(arg=name, annotation=kind)
            ):
                is_number = kind and re.search(r"\b(?:int|float|Decimal)\b", ast.unparse(kind))
                if is_number and quantity.fullmatch(name):
                    yield f"{source.path}:{node.lineno}: {name} has no unit, as in _s or _bytes"
            case _:
                pass


def unreasoned_silence(source: Source) -> Iterator[str]:
    coded = re.compile(r"noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)*|(?:type|pyright): ignore\[[\w, -]+\]")
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT and re.search(r"noqa|(?:type|pyright): ?ignore", token.string):
            rest = coded.sub("", token.string)
            if re.search(r"noqa|: ?ignore", rest) or not re.search(r"[a-z]{2}", rest):
                yield f"{source.path}:{token.start[0]}: a check is silenced without code or reason"


def sleeps(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(args=[ast.Constant(value=0)]):
                pass  # asyncio.sleep(0) waits for nothing: it lets others run
            case ast.Call(func=ast.Attribute(attr="sleep") | ast.Name(id="sleep")):
                yield f"{source.path}:{node.lineno}: sleeps; wait for the state itself, with a bound"
            case _:
                pass


# Rules for the house as a whole.


def sprawl(house: list[Source]) -> Iterator[str]:
    median = statistics.median(source.line_count for source in house)
    if median >= MEDIAN_FILE_LINES:
        yield f"the median file has {median} lines, it must have fewer than {MEDIAN_FILE_LINES}"
    found = [
        (lines_of(function), source.path, function.name) for source in house for function in functions(source)
    ]
    long = sorted((item for item in found if item[0] >= SHORT_FUNCTION_LINES), reverse=True)
    if len(long) > (1 - SHORT_FUNCTIONS_SHARE) * len(found):
        yield f"{len(long)} of {len(found)} functions have {SHORT_FUNCTION_LINES} or more lines: {long}"


def closed_namespace(root: Path) -> Iterator[str]:
    for path in root.glob("*/interlock/__init__.py"):
        yield f"{path.relative_to(root)} would hide the other components: the namespace has no such file"


def missing_parts(root: Path) -> Iterator[str]:
    for component in COMPONENTS:
        for part in ("errors.py", "py.typed"):
            if not (root / component / "interlock" / component / part).is_file():
                yield f"{component} has no {part}"


def strangers(name: str, text: str) -> Iterator[str]:
    workplace = re.compile(
        r"(?<![\w.~-])/(?:work|tmp|root)/|[.]library\b|\bfarm-(?:bench|studio)|\.\./shared/"
        r"|(?:\bpypi|registry\.npmjs|pythonhosted|deb\.debian)\.(?:org|com)"
    )
    for number, line in enumerate(text.splitlines(), 1):
        if found := workplace.search(line):
            yield f"{name}:{number}: {found[0]} names a machine or a workplace"


def unreasoned_settings(pyproject: str) -> Iterator[str]:
    ruff = pyproject.partition("[tool.ruff.lint]")[2].partition("[tool.ruff.lint.flake8")[0]
    for line in ruff.splitlines():
        if re.search(r'"[A-Z]+\d*"', line) and "select" not in line and "# " not in line:
            yield f"pyproject.toml: an ignored rule without a reason: {line.strip()}"


def import_rules(root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter with the house's contracts on the components below `root`."""
    python_path = os.pathsep.join(str(root / component) for component in COMPONENTS)
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", ROOT / "pyproject.toml", "--no-cache"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": python_path},
        capture_output=True,
        check=False,
        text=True,
    )


# The house keeps them.


@pytest.mark.parametrize("rule", [too_long, undescribed, unfinished, unitless])
def test_every_module_of_a_component_keeps_the_rule(rule: Rule) -> None:
    assert not [complaint for source in component_sources() for complaint in rule(source)]


def test_every_silenced_check_names_its_code_and_reason() -> None:
    assert not [complaint for source in sources("*.py") for complaint in unreasoned_silence(source)]
    assert not list(unreasoned_settings((ROOT / "pyproject.toml").read_text("utf-8")))


def test_no_test_sleeps_to_wait_for_a_state() -> None:
    tests = [source for source in sources("tests/*.py") if source.path not in MAY_SLEEP]
    assert not [complaint for source in tests for complaint in sleeps(source)]


def test_the_house_as_a_whole_is_small_and_whole() -> None:
    assert not list(sprawl(component_sources()))
    assert not list(closed_namespace(ROOT))
    assert not list(missing_parts(ROOT))


def test_no_file_names_a_machine_or_a_workplace() -> None:
    files = [(str(path.relative_to(ROOT)), path.read_text("utf-8", errors="replace")) for path in tracked()]
    assert not [complaint for name, text in files for complaint in strangers(name, text)]


def test_imports_point_one_way_and_the_core_is_pure() -> None:
    verdict = import_rules(ROOT)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


# And the rules have teeth.


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (too_long, "\n" * (FILE_LINES + 1)),
        (too_long, "def endless():\n" + "    go()\n" * FUNCTION_LINES),
        (undescribed, "answer = 42\n"),
        (unfinished, "go()  # TODO: come back\n"),
        (unitless, "class Limits:\n    timeout: float = 3\n"),
        (unitless, "def wait(step_deadline: int | None): ..."),
        (unreasoned_silence, "go()  # noqa\n"),
        (unreasoned_silence, "go()  # noqa: S101\n"),
        (unreasoned_silence, "go()  # type: ignore\n"),
        (unreasoned_silence, "go()  # type: ignore # because\n"),
        (unreasoned_silence, "go()  # pyright: ignore[reportPrivateUsage]\n"),
        (sleeps, "import time\ntime.sleep(1)\n"),
        (sleeps, "async def wait():\n    await asyncio.sleep(0.1)\n"),
    ],
)
def test_a_sin_is_caught(rule: Rule, text: str) -> None:
    assert list(rule(Source("sin.py", text)))


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (unitless, "class Limits:\n    timeout_s: float = 3\n    deadline: Deadline\n"),
        (unreasoned_silence, "go()  # noqa: S101, B011 - the harness counts on it\n"),
        (
            unreasoned_silence,
            "go()  # type: ignore[arg-type]  # pyright: ignore[reportX]  # their stub is wrong\n",
        ),
        (sleeps, "async def turn():\n    await asyncio.sleep(0)\n"),
    ],
)
def test_what_is_right_is_left_alone(rule: Rule, text: str) -> None:
    assert not list(rule(Source("right.py", text)))


def test_sprawl_is_caught() -> None:
    long_function = "def long():\n" + "    go()\n" * SHORT_FUNCTION_LINES
    complaints = list(sprawl([Source("a.py", long_function * 5), Source("b.py", long_function * 5)]))
    assert len(complaints) == 2


@pytest.mark.parametrize(
    ("joint", "words"),
    [
        ("/", ("", "work", "main")),
        ("/", ("see ", "tmp", "out.log")),
        ("/", ("..", "shared", "page.md")),
        (".", ("https://pypi", "org")),
        ("-", ("farm", "bench")),
    ],
)
def test_a_workplace_is_caught(joint: str, words: tuple[str, ...]) -> None:
    assert list(strangers("page.md", joint.join(words)))
    assert not list(strangers("page.md", f"see network/{'work'}/, example.org and tmpfs: /tmp"))


def test_an_unreasoned_setting_is_caught() -> None:
    assert list(unreasoned_settings('[tool.ruff.lint]\nignore = [\n    "S101",\n]\n'))


def test_a_closed_namespace_and_a_missing_part_are_caught(tmp_path: Path) -> None:
    sinner = tmp_path / "agents" / "interlock" / "__init__.py"
    sinner.parent.mkdir(parents=True)
    sinner.touch()
    assert len(list(closed_namespace(tmp_path))) == 1
    assert len(list(missing_parts(tmp_path))) == 2 * len(COMPONENTS)


def a_house_in(root: Path, sins: dict[str, str]) -> Path:
    """Build the smallest house that the import rules accept, then commit `sins` (path: source) in it."""
    modules = {f"{name}/interlock/{name}/__init__.py": "" for name in COMPONENTS}
    modules["supervisor/interlock/supervisor/core/__init__.py"] = ""
    for name, text in (modules | sins).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_a_forbidden_import_is_caught(tmp_path: Path) -> None:
    # Given a house in order, import-linter accepts it
    verdict = import_rules(a_house_in(tmp_path, {}))
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    # When each rule is broken once, the pure core's through a third module
    sins = {
        "agents/interlock/agents/bypass.py": "import interlock.effects.errors\nimport httpx\nimport socket\n",
        "supervisor/interlock/supervisor/shell.py": "import time\n",
        "supervisor/interlock/supervisor/core/decide.py": "import interlock.supervisor.shell\n",
    }
    verdict = import_rules(a_house_in(tmp_path, sins))
    # Then each is reported
    assert "0 kept, 4 broken" in verdict.stdout


@pytest.mark.parametrize(
    "sin", ["from datetime import datetime\nnow = datetime.now()", "import time\nnow = time.time()"]
)
def test_a_clock_in_the_core_is_caught(sin: str) -> None:
    verdict = subprocess.run(
        [
            Path(sys.executable).with_name("ruff"),
            "check",
            "--stdin-filename",
            "supervisor/core/clock.py",
            "-",
        ],
        cwd=ROOT,
        input=sin,
        capture_output=True,
        check=False,
        text=True,
    )
    assert "TID251" in verdict.stdout


def test_the_components_are_those_of_the_package() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert tuple(pyproject["tool"]["hatch"]["build"]["dev-mode-dirs"]) == COMPONENTS
