"""What the server's log tells of attempts; lines as nats-server 2.15.1 has written them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.contracts.observed import ViolatedBy
from interlock.supervisor.access.sightings import Sighting, read_line

HEAD = "[8386] 2026/11/28 23:50:30.908099 [ERR] 127.0.0.1:50390 - cid:11"
WHO = '"v2.16.0:python3:researcher-1" - "DEVELOPMENT/user:researcher-1"'


@pytest.mark.parametrize(
    ("said", "action", "target"),
    [
        ('Publish Violation - Subject "interlock.decision.5"', "publish", "interlock.decision.5"),
        ('Publish Violation - Subject "for\\"bi\\""', "publish", 'for"bi"'),
        ('Subscription Violation - Subject "interlock.>", SID 1', "subscribe", "interlock.>"),
        ('Subscription Violation - Subject "a.b", Queue: "bar", SID 7', "subscribe", "a.b"),
        ("maximum payload exceeded: 3000 vs 2000", "payload", "maximum payload exceeded"),
        ("maximum control line exceeded", "payload", "maximum control line exceeded"),
        ("maximum subscriptions exceeded", "flood", "maximum subscriptions exceeded"),
        ("message headers not supported", "payload", "message headers not supported"),
        (
            "Client parser ERROR, state=0, i=0: proto='\"secret\\r\"...'",
            "payload",
            "Client parser ERROR",
        ),
        (
            "Slow Consumer Detected: MaxPendingBytes of 67108864 Exceeded",
            "flood",
            "Slow Consumer Detected",
        ),
    ],
)
def test_an_attempt_of_a_principal_names_it(said: str, action: ViolatedBy, target: str) -> None:
    seen = read_line(f"{HEAD} - {WHO} - {said}")
    assert seen is not None
    assert (seen.cid, seen.account, seen.user) == (11, "DEVELOPMENT", "researcher-1")
    assert (seen.action, seen.target) == (action, target)
    assert "secret" not in seen.detail


@pytest.mark.parametrize(
    ("said", "target"),
    [
        ('authentication error - Nkey "UDK4N3HRWIOBGMJUZUPFMVEYSIZ4OQRU"', "nkey UDK4N3HRWIOB"),
        ('authentication error - Token "[REDACTED]"', "authentication error"),
        ("authentication error", "authentication error"),
    ],
)
def test_an_attempt_to_connect_names_nobody(said: str, target: str) -> None:
    assert read_line(f"{HEAD} - {said}") == Sighting(11, "connect", "", "", target, said)


def test_a_client_without_a_name_is_known_all_the_same() -> None:
    seen = read_line(f'{HEAD} - "DEVELOPMENT/user:researcher-1" - Publish Violation - Subject "x"')
    assert seen is not None
    assert seen.user == "researcher-1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[1] 2026/11/28 23:50:30.203464 [INF] Listening for client connections on 127.0.0.1:14222",
        "[1] 2026/11/28 23:53:22.794212 [WRN] Auth callout service returned an error: killed: test",
        f"{HEAD} - {WHO} - Client connection closed: Kicked",
        "[1] 2026/11/28 23:53:25.798995 [WRN] 127.0.0.1:43656 - cid:20 - Readloop processing time: 3.0s",
    ],
)
def test_a_line_of_no_attempt_tells_nothing(text: str) -> None:
    assert read_line(text) is None


def quoted(name: str) -> str:
    """Quote as Go's %q does, as far as it matters here."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


@pytest.mark.parametrize(
    "name",
    [
        'q" - "DEVELOPMENT/user:alice" - Publish Violation - Subject "x',
        'n\n[1] 2026/11/28 23:53:18.482901 [ERR] 1.1.1.1:1 - cid:1 - "DEVELOPMENT/user:alice" - x',
        "DEVELOPMENT/user:alice",
        'a\\" - "DEVELOPMENT/user:alice',
    ],
)
def test_a_name_cannot_put_an_attempt_down_to_somebody_else(name: str) -> None:
    seen = read_line(
        f'{HEAD} - {quoted(name)} - "DEVELOPMENT/user:researcher-1" - Publish Violation - Subject "y"'
    )
    assert seen is not None
    assert (seen.cid, seen.user, seen.target) == (11, "researcher-1", "y")


@given(name=st.text(), subject=st.text(alphabet=st.characters(exclude_categories=["Z", "C"]), min_size=1))
def test_whatever_somebody_calls_itself_it_stays_itself(name: str, subject: str) -> None:
    seen = read_line(
        f'{HEAD} - {quoted(name)} - "DEVELOPMENT/user:researcher-1" - Publish Violation - '
        f"Subject {quoted(subject)}"
    )
    # A line that is too long to be read whole tells nothing rather than something wrong.
    assert seen is None or (seen.user, seen.target) == ("researcher-1", subject)


@given(st.text())
def test_no_line_is_too_strange_to_be_read(text: str) -> None:
    read_line(text)
