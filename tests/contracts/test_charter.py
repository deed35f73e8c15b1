"""A charter is read strictly: what it may not say, it does not say silently."""

import pytest

from interlock.contracts.budget import Budget
from interlock.contracts.charter import Charter, read_charter
from interlock.contracts.errors import MalformedCharter

LEAST = 'role = "clerk"\nversion = "1"\nobjective = "File."\n'


def test_the_least_charter_has_safe_defaults() -> None:
    charter = read_charter(LEAST, "clerk.toml")
    assert charter == Charter(role="clerk", version="1", objective="File.")
    assert (charter.tools, charter.models, charter.autonomy) == ((), (), 4)


def test_a_full_charter_is_read_whole() -> None:
    text = LEAST + 'tools = ["search"]\nmodels = ["openai/*"]\nautonomy = 2\n[budget]\ntokens = 5\n'
    charter = read_charter(text, "clerk.toml")
    assert (charter.tools, charter.models, charter.autonomy) == (("search",), ("openai/*",), 2)
    assert charter.budget == Budget(tokens=5)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("role = ", "clerk.toml is not TOML"),
        ("", "missing required field `role`"),
        (LEAST + "tool = []\n", "tool is nothing a charter says; it may say role, version"),
        (LEAST + "autonomy = 6\n", r"clerk.toml is not a charter: .*\$.autonomy"),
        (LEAST + "autonomy = 0\n", r"\$.autonomy"),
        (LEAST + "capacity = 0\n", r"\$.capacity"),
        (LEAST + "deadline_s = 0\n", r"\$.deadline_s"),
        (LEAST + 'tools = "search"\n', r"\$.tools"),
        (LEAST + "[budget]\ntokens = -1\n", r"\$.budget.tokens"),
        (LEAST.replace("clerk", "The Clerk"), r"\$.role"),
        (LEAST.replace("File.", ""), r"\$.objective"),
    ],
)
def test_a_wrong_charter_is_refused_with_the_file_and_the_place(text: str, sentence: str) -> None:
    with pytest.raises(MalformedCharter, match=sentence):
        read_charter(text, "clerk.toml")
