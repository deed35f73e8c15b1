"""The file of channels: whatever is wrong in it is said in one sentence with its place and a remedy."""

from pathlib import Path

import pytest
from tests.console.terminal import Terminal

from interlock.console.errors import BadInput
from interlock.console.exits import Exit
from interlock.console.main import call
from interlock.console.notifying.couriers import read_couriers
from interlock.console.notifying.file import variables_of

KEY = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VARIABLES = {"HOOK": KEY, "CHAT": "https://chat.example/T0/SECRET", "PASSWORD": "hush-hush"}
GOOD = """\
url = "https://interlock.example"
[channels.finance]
kind = "webhook"
url = "https://hooks.example/x"
secret = { env = "HOOK" }
desks = ["finance"]
[channels.team]
kind = "slack"
url = { env = "CHAT" }
kinds = ["approval"]
[channels.mail]
kind = "email"
host = "mail.example"
username = "il"
password = { env = "PASSWORD" }
sender = "a@b.example"
to = ["x@y.example"]
news = ["asked"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "notify.toml"
    path.write_text(GOOD)
    return path


def test_a_good_file_is_read(file: Path) -> None:
    read, couriers = read_couriers(file, VARIABLES)
    assert list(couriers) == ["finance", "team", "mail"]
    assert variables_of(read) == set(VARIABLES)
    assert read.desks == {"finance"}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            'kind = "slack"',
            'kind = "slak"',
            "[channels.team] kind = 'slak': write one of webhook, slack, email",
        ),
        ('kind = "slack"', "", "[channels.team] has no kind; write one of webhook, slack, email"),
        ("desks =", "desk =", "[channels.finance] desk: there is no such setting; write desks"),
        ('["finance"]', '["Fin ance"]', "[channels.finance] desks 'Fin ance' is not a name"),
        ('["approval"]', '["approvals"]', "[channels.team] kinds: 'approvals' is none; write 'approval', "),
        ('news = ["asked"]', "news = []", "[channels.mail] news is empty; write at least one"),
        (
            "https://hooks",
            "http://hooks",
            "[channels.finance] url is not encrypted; write https://, or beside",
        ),
        ("https://hooks.example/x", "ftp://x", "[channels.finance] url is no address; write one that begins"),
        ('secret = { env = "HOOK" }', "", "[channels.finance] has no secret; write secret = …"),
        ('{ env = "HOOK" }', "{ }", "[channels.finance] secret has to name one place"),
        ('{ env = "HOOK" }', '{ env = "NOT" }', "[channels.finance] the variable NOT is not set, or empty"),
        ('{ env = "HOOK" }', '{ env = "PASSWORD" }', "[channels.finance] its secret is none of Standard"),
        ('{ env = "HOOK" }', '{ file = "no" }', "[channels.finance] the file"),
        ('{ env = "CHAT" }', '{ env = "PASSWORD" }', "[channels.team] url is no address"),
        ('username = "il"', "", "[channels.mail] has a username or a password alone"),
        ('username = "il"', 'username = "il"\nsecurity = "none"', "[channels.mail] would show its password"),
        ('"a@b.example"', '"ab"', "[channels.mail] sender = 'ab' is no mailbox"),
        ('["x@y.example"]', '["x@y.example\\nBcc: z"]', "is no mailbox"),
        ('host = "mail.example"', 'host = "mail.example"\nport = "x"', "[channels.mail] port = 'x': "),
        (
            'host = "mail.example"',
            'host = "mail.example"\nca = "no.pem"',
            "[channels.mail] ca = 'no.pem' cannot",
        ),
        ("[channels.team]", '[channels."../x"]', "'../x' is not a name"),
        ('url = "https://interlock.example"', "url = 5", 'url is no text; write url = "…"'),
        (
            'url = "https://interlock.example"',
            'ulr = "https://x"',
            "ulr: there is no such setting; write url",
        ),
        ("https://hooks.example/x", "https://hooks.example:99999/x", "[channels.finance] url is no address"),
        ("https://hooks.example/x", "https://[hooks/x", "[channels.finance] url is no address"),
        ("https://hooks.example/x", "https://ho oks/x", "[channels.finance] url is no address"),
        ('"https://hooks.example/x"', "5", '[channels.finance] url is no text; write url = "…"'),
        (
            '["finance"]',
            '"finance"',
            "[channels.finance] desks = 'finance' is no list; write desks = [\"…\"]",
        ),
        ('["finance"]', "[5]", "[channels.finance] desks = 5 is no text"),
        (
            '{ env = "HOOK" }',
            '{ envv = "HOOK" }',
            "[channels.finance] secret.envv: there is no such setting; write env",
        ),
        ('["x@y.example"]', "[]", "[channels.mail] to is empty; write at least one"),
        ('host = "mail.example"', 'host = ""', '[channels.mail] host is empty; write host = "…"'),
        ('kind = "slack"', 'kind = "slack"\ninsecure = "yes"', "insecure = 'yes' is neither true nor false"),
        (
            "[channels.team]",
            "[channels]\nx = 5\n[channels.team]",
            "[channels.x] is no table; write [channels.x]",
        ),
        (
            "[channels.finance]",
            "[[channels.finance]]",
            "[channels.finance] is no table; write [channels.finance]",
        ),
        (
            "https://interlock.example",
            "https://interlock.example/{id}",
            "url has braces around something else; write {number} where the number of a question goes",
        ),
        ('url = "https://interlock.example"', "url = ", "is not TOML"),
        (
            "channels.",
            "chanels.",
            "there are no channels; write a table for each, such as [channels.finance]",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(file: Path, old: str, new: str, sentence: str) -> None:
    assert old in GOOD
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(BadInput) as wrong:
        read_couriers(file, VARIABLES)
    assert str(wrong.value).startswith(str(file))
    assert sentence in str(wrong.value)
    assert not any(secret in str(wrong.value) for secret in VARIABLES.values())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('{ env = "HOOK" }', f'"{KEY}"'),
        ('{ env = "HOOK" }', f'{{ env = "{KEY}=" }}'),
        ('{ env = "HOOK" }', f'["{KEY}"]'),
        ('{ env = "PASSWORD" }', f'"{KEY}"'),
        ("[channels.finance]", f'[[channels.finance]]\npassword = "{KEY}"'),
    ],
)
def test_a_secret_that_stands_where_it_should_not_is_not_repeated(file: Path, old: str, new: str) -> None:
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(BadInput) as wrong:
        read_couriers(file, VARIABLES)
    assert KEY not in str(wrong.value)
    assert "; write " in str(wrong.value)


def test_a_secret_in_a_file_stands_beside_the_channels_and_is_nobody_elses(file: Path) -> None:
    secret = file.parent / "hook.secret"
    secret.touch(mode=0o600)
    secret.write_text(KEY + "\n")
    file.write_text(GOOD.replace('{ env = "HOOK" }', '{ file = "hook.secret" }'))
    read_couriers(file, VARIABLES)
    secret.chmod(0o644)
    with pytest.raises(BadInput, match=r"others may read the file .*hook\.secret; run: chmod 600"):
        read_couriers(file, VARIABLES)


def test_what_is_no_such_file_is_refused(file: Path) -> None:
    file.write_bytes(b"\xff")
    with pytest.raises(BadInput, match="UTF-8"):
        read_couriers(file, VARIABLES)
    file.unlink()
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        read_couriers(file, VARIABLES)


@pytest.fixture
def typed(file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    return file


def test_check_says_what_a_file_sets_and_no_secret(typed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["notify", str(typed), "--check"]) == Exit.DONE
    said = capsys.readouterr().out
    assert said.splitlines() == [
        "finance: webhook to hooks.example, for finance; all kinds; when asked, moved, resolved",
        "team: slack to a secret address, for all desks; approval; when asked, moved, resolved",
        "mail: e-mail to 1 by mail.example:587, for all desks; all kinds; when asked",
    ]
    typed.write_text("")
    assert call(["notify", str(typed), "--check"]) == Exit.USAGE


def test_without_a_file_it_says_how_to_name_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("INTERLOCK_NOTIFY", raising=False)
    assert call(["notify"]) == Exit.USAGE
    assert "INTERLOCK_NOTIFY" in capsys.readouterr().err


def test_a_test_says_which_channel_nobody_answers(
    typed: Path, terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    typed.write_text(
        '[channels.finance]\nkind = "webhook"\nurl = "http://127.0.0.1:1/"\nsecret = { env = "HOOK" }\n'
    )
    assert terminal.type("notify", str(typed), "--test") == Exit.UNREACHABLE
    assert capsys.readouterr().out == "finance: nobody listens there\n"
