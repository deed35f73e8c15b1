"""An agent is a role, a charter beside its file, and one handler; what is wrong is said in a sentence."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from interlock.agents import Agent, Context
from interlock.agents.environment import forget_secrets
from interlock.agents.errors import MalformedAgent
from interlock.agents.prompts import Prompt
from interlock.contracts.errors import MalformedCharter

CHARTER = 'role = "clerk"\nversion = "1"\nobjective = "File."\n'
PROGRAM = """
from interlock.agents import Agent, Context

agent = Agent("clerk", charter="clerk.toml")


@agent.handle
async def file(step: dict[str, str], ctx: Context) -> str:
    return "filed"


agent.run()
"""


def test_a_charter_is_found_beside_the_file_that_makes_the_agent(tmp_path: Path) -> None:
    assert Agent("clerk", charter="clerk.toml").charter_path == Path(__file__).with_name("clerk.toml")
    assert Agent("clerk", charter=tmp_path / "clerk.toml").charter_path == tmp_path / "clerk.toml"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "cannot be read"),
        ("role = ", "is not TOML"),
        (CHARTER + "colour = 1\n", "colour is nothing a charter says"),
        (CHARTER + "capacity = 0\n", r"\$\.capacity"),
        (CHARTER.replace("clerk", "cook"), "is the charter of cook, not of clerk"),
    ],
)
def test_a_bad_charter_is_refused(tmp_path: Path, text: str | None, sentence: str) -> None:
    if text is not None:
        (tmp_path / "clerk.toml").write_text(text)
    with pytest.raises(MalformedCharter, match=sentence):
        _ = Agent("clerk", charter=tmp_path / "clerk.toml").charter


def test_an_agent_has_one_handler(tmp_path: Path) -> None:
    agent = Agent("clerk", charter=tmp_path / "clerk.toml")
    with pytest.raises(MalformedAgent, match="has no handler"):
        _ = agent.handler

    async def file(step: dict[str, Any], ctx: Context) -> str:
        return f"{step} filed for {ctx.task}"

    assert agent.handle(file) is file
    with pytest.raises(MalformedAgent, match="has a handler already"):
        agent.handle(file)


@pytest.mark.parametrize(
    ("charter", "url", "code", "word"),
    [
        ("role = ", "nats://127.0.0.1:1", 2, "is not TOML"),
        (CHARTER, "nats://127.0.0.1:1", 7, "no NATS server"),
    ],
)
def test_a_process_that_cannot_start_says_one_sentence(
    tmp_path: Path, charter: str, url: str, code: int, word: str
) -> None:
    (tmp_path / "clerk.toml").write_text(charter)
    (tmp_path / "clerk.py").write_text(PROGRAM)
    ended = subprocess.run(
        [sys.executable, tmp_path / "clerk.py"],
        env=os.environ | {"INTERLOCK_URL": url, "INTERLOCK_LOG": "json"},
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )
    assert ended.returncode == code
    assert word in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", [[], ["cook"], ["planner", "reviewer"]])
def test_only_the_four_built_in_agents_start_by_name(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "interlock.agents", *arguments]
    ended = subprocess.run(command, capture_output=True, check=False, text=True, timeout=30)
    assert ended.returncode == 2
    assert "planner|researcher|executor|reviewer" in ended.stderr


def test_secrets_are_forgotten_and_the_rest_is_kept() -> None:
    secret = [
        "OPENAI_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "GH_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "MY_SECRET",
        "apikey",
    ]
    plain = ["PATH", "INTERLOCK_KEY_FILE", "INTERLOCK_URL", "TOKENIZERS_PARALLELISM", "MONKEY", "HOME"]
    environment = dict.fromkeys([*secret, *plain], "x")
    assert forget_secrets(environment) == sorted(secret)
    assert sorted(environment) == sorted(plain)


def test_a_prompt_is_known_by_its_text(tmp_path: Path) -> None:
    path = tmp_path / "prompt.md"
    path.write_text("Answer $question for $$5.")
    prompt = Prompt.read(path)
    assert prompt.fill(question="$why?") == "Answer $why? for $5."
    assert prompt.version == Prompt("Answer $question for $$5.").version != Prompt("Answer!").version


def test_a_prompt_with_a_hole_says_which(tmp_path: Path) -> None:
    with pytest.raises(MalformedAgent, match="question"):
        Prompt("Answer $question.").fill()
    with pytest.raises(MalformedAgent, match=r"nowhere\.md"):
        Prompt.read(tmp_path / "nowhere.md")
