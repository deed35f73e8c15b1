"""What the page about policies shows is what works: its policies compile, its cases hold."""

import re
import tomllib
from pathlib import Path

import pytest

from interlock.console.commands.autonomy import LEVELS
from interlock.console.policies.cases import complaint, read_cases, ruling_on
from interlock.console.policies.folder import in_force, wrong_with
from interlock.supervisor.core.policy.obligations import OF_ALL, OF_PERMITS
from interlock.supervisor.core.policy.question import Run
from interlock.supervisor.policies import read_folder

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "policy.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "page.cedar").write_text("\n".join(blocks("cedar")), "utf-8")
    (tmp_path / "page.cedarschema").write_text("\n".join(blocks("cedarschema")), "utf-8")
    for text in blocks("toml"):
        name = "policy.test.toml" if "cases" in tomllib.loads(text) else "routing.toml"
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def test_the_policies_the_schema_and_the_routes_will_do(folder: Path) -> None:
    bundle = read_folder(folder, 0)
    assert wrong_with(bundle) == ()
    assert len(bundle.routes) == 2


def test_the_cases_hold(folder: Path) -> None:
    cases = read_cases(folder)
    assert [complaint(case, ruling_on(in_force(folder), case)) for _, case in cases] == [""]


def test_every_annotation_and_all_of_a_run_is_named() -> None:
    for name in (*OF_ALL, *OF_PERMITS):
        assert f"| `@{name}" in PAGE
    for name in Run.__struct_fields__:
        assert f"`.{name}`" in PAGE


def test_every_level_is_called_by_its_name() -> None:
    page = (DOCS / "autonomy.md").read_text(encoding="utf-8")
    for level, name in LEVELS.items():
        assert f"| {level} | {name} |" in page
