"""The example's day goes as it should, its README is true, and its package holds what the desk needs."""

import asyncio
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx
import pytest
from tests.examples.bank import transfer

from interlock.console.commands.table import COMMANDS
from interlock.contracts.charter import read_charter
from interlock.effects.tools.tool import Tool
from interlock.supervisor.core.policy.rulings import compiled_or_reasons
from interlock.supervisor.policies import read_folder
from invoice_desk import desk, tools
from invoice_desk.demo.__main__ import SCENES
from invoice_desk.people import PEOPLE

EXAMPLE = Path(__file__).parents[2] / "examples" / "payments"
README = EXAMPLE / "README.md"
DAY_S = 90
WHEN_MS = 1_795_000_000_000


@pytest.mark.processes
async def test_the_day_goes_as_it_should(tmp_path: Path) -> None:
    # When the whole day is played
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "invoice_desk.demo", "--folder", str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(DAY_S):
        output, _ = await process.communicate()
    # Then nothing was otherwise, and every scene was there
    shown = output.decode()
    assert process.returncode == 0, shown
    assert "NOT" not in shown
    assert shown.count("== ") == len(SCENES) + 3
    assert "they agree to the cent" in shown
    # And what was decided says by whom
    assert re.search(r"approved by bob and carol|approved by carol and bob", shown)


@pytest.mark.processes
async def test_a_payment_that_no_agent_has_asked_for_is_seen(tmp_path: Path) -> None:
    async with desk.open_desk(tmp_path) as opened:
        assert await compare(tmp_path) == 0
        # Given somebody who has the token, and pays by himself
        headers = {"Authorization": f"Bearer {opened.teller.token}", "Idempotency-Key": "9.9"}
        async with httpx.AsyncClient(base_url=opened.teller.url, headers=headers) as client:
            assert (await client.post("/payments", json=transfer())).is_success
        # When books and log are compared, then they do not agree
        assert await compare(tmp_path) == 1


async def compare(folder: Path) -> int:
    """Compare as a person does; return the exit code."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "invoice_desk.compare", str(folder), stdout=asyncio.subprocess.DEVNULL
    )
    return await process.wait()


def test_the_policies_hold_together() -> None:
    bundle = read_folder(desk.POLICIES, WHEN_MS)
    compiled = compiled_or_reasons(bundle.digest, bundle)
    assert not isinstance(compiled, tuple), compiled


def test_every_charter_asks_for_tools_that_there_are() -> None:
    offered = {tool.name for tool in vars(tools).values() if isinstance(tool, Tool)}
    for role in desk.ROLES:
        path = EXAMPLE / "invoice_desk" / "agents" / f"{role}.toml"
        charter = read_charter(path.read_text(), path.name)
        assert charter.role == role
        assert set(charter.tools) <= offered
        assert charter.models == ()


def test_the_package_holds_what_the_desk_needs() -> None:
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())
    (package,) = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    for path in (
        desk.POLICIES,
        EXAMPLE / package / "agents" / "executor.toml",
        EXAMPLE / package / "vendors.toml",
    ):
        assert path.is_relative_to(EXAMPLE / package)
        assert path.exists()
    imported = {name.split(">=")[0] for name in project["project"]["dependencies"]}
    assert imported == {"fpdf2", "httpx", "interlock-runtime", "msgspec", "pydantic", "pypdf"}


def test_the_readme_names_what_is_there() -> None:
    text = README.read_text()
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (EXAMPLE / link).exists(), link
    for command in set(re.findall(r"^interlock ([a-z]+)", text, re.MULTILINE)):
        assert command in COMMANDS, command
    for module in set(re.findall(r"python -m (invoice_desk[a-z_.]*)", text)):
        found = subprocess.run(
            [sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=False
        )
        assert found.returncode == 0, module
    for name in set(re.findall(r"--as ([a-z]+)", text)):
        assert name in {person.name for person in PEOPLE}
    assert "demo-payments" in (EXAMPLE.parents[1] / "Makefile").read_text()
