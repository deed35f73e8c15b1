"""Somebody who comes with an access token approves at the terminal, and signs by a key made on the way."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
from tests.processes.environment import PATIENCE_S, Environment, running
from tests.supervisor.access.issuer import GROUPS, Issuer, of_finance, write_settings

from interlock.bus.identity import load
from interlock.console.exits import Exit
from interlock.contracts import facts as f

pytestmark = pytest.mark.processes

POLICIES = """
@id("models") permit (principal, action == Action::"model", resource);
@id("reads") permit (principal, action in Action::"read", resource);
@id("finance") @says("what is written takes one of finance") @require_approval("finance")
permit (principal, action in Action::"write", resource);
"""


async def typed(environment: Environment, home: Path, *words: str) -> tuple[int, str]:
    """Run a command as whom a token names, and nothing else; return its exit code and what it printed."""
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "INTERLOCK_URL": environment.local.note.url,
        "INTERLOCK_TOKEN_FILE": str(home / "token"),
        "INTERLOCK_OIDC": str(home.parent / "oidc.toml"),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "interlock.console", *words),
        env=variables,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE_S):
        printed, _ = await process.communicate()
    return process.returncode or 0, printed.decode()


def with_token(home: Path, token: str) -> None:
    home.mkdir(exist_ok=True)
    file = home / "token"
    file.touch(mode=0o600)
    file.write_text(token)


async def test_who_comes_with_a_token_approves_and_it_happens(tmp_path: Path, docs: Path) -> None:
    # Given an environment that believes an issuer, and a write that takes one of finance
    issuer, home, policies = Issuer(), tmp_path / "home", tmp_path / "policies"
    (tmp_path / "jwks.json").write_bytes(issuer.jwks)
    policies.mkdir()
    (policies / "finance.cedar").write_text(POLICIES)
    oidc = write_settings(tmp_path, "jwks.json", GROUPS)
    variables = {"INTERLOCK_OIDC": str(oidc), "INTERLOCK_POLICIES": str(policies)}
    async with running(tmp_path / "state", docs, "offline/extractive", **variables) as environment:
        task = await environment.submit(review=False)
        asked = await task.first(f.Escalated, kind="approval")
        number = f"{task.task}.{asked.number}"
        # When carol comes with a token that says nothing of finance, then it is not hers to approve
        with_token(home, of_finance(issuer, groups=["interlock-approvers"]))
        code, printed = await typed(environment, home, "approve", number)
        assert (code, f"{number} is for finance" in printed) == (Exit.REJECTED, True), printed
        # When it says so, then she approves, and the tool runs
        with_token(home, of_finance(issuer))
        code, printed = await typed(environment, home, "approve", number)
        assert code == Exit.DONE, printed
        await task.completed()
        settled = await task.first(f.EffectSettled, effect=asked.effect)
        assert settled.end == "completed"
        # And it was her own key that signed, which the log knows until her token ends
        (key_file,) = (home / ".local" / "state" / "interlock" / "store" / "keys").iterdir()
        counted = await task.first(f.ApprovalCounted)
        assert (counted.by, counted.approval.public_key) == ("carol", load(key_file).public_key)
        entitled = await (await environment.story(0)).first(f.Entitled, groups=("finance",))
        assert (entitled.principal, entitled.keys) == ("carol", (load(key_file).public_key,))
        assert entitled.until_ms > 0
