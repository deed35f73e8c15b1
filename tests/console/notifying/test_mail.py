"""Letters, over real mail servers: encrypted, logged in, refused now and refused for good."""

import ssl
from pathlib import Path
from typing import Any

import pytest
from tests.bus.authority import Authority
from tests.console.notifying.receivers import Office
from tests.console.notifying.stories import AT_MS

from interlock.console.notifying.errors import NotDelivered, Unwanted
from interlock.console.notifying.mail import Postman
from interlock.console.notifying.notice import Notice
from interlock.console.notifying.settings import Mail

NOTICE = Notice(id="42.1.asked", what="asked", at_ms=AT_MS, number="42.1", kind="approval", desk="finance")
ATTEMPT_S = 30.0


def postman(office: Office, secret: str | None = None, **fields: Any) -> Postman:
    own = {"kind": "email", "host": "127.0.0.1", "port": office.port, "sender": "il@a.example"}
    settings = Mail.model_validate({**own, "to": ["x@b.example", "y@b.example"], **fields})
    return Postman(settings, secret, "", ATTEMPT_S)


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Authority(tmp_path_factory.mktemp("authority")).folder()


@pytest.fixture
def tls(certified: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certified / "server.pem", certified / "server-key.pem")
    return context


async def test_a_letter_arrives_at_every_mailbox() -> None:
    async with Office().opened() as office:
        await postman(office, security="none").deliver(NOTICE)
        (letter,) = await office.count(1)
    assert letter["Subject"] == "Interlock 42.1 waits for finance: an approval"
    assert letter["To"] == "x@b.example, y@b.example"
    assert "interlock inbox 42.1" in str(letter.get_payload())


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_it_goes_encrypted_and_logged_in(security: str, certified: Path, tls: ssl.SSLContext) -> None:
    office = Office(tls=tls, implicit=security == "tls")
    login = {"username": "il", "password": {"env": "P"}, "ca": str(certified / "ca.pem")}
    async with office.opened():
        await postman(office, "open sesame", security=security, **login).deliver(NOTICE)
        await office.count(1)
        assert office.logins == [(b"il", b"open sesame")]
        # A wrong password will be wrong again
        with pytest.raises(Unwanted, match=r"535 \(it does not take username and password\)") as refused:
            await postman(office, "sesame", security=security, **login).deliver(NOTICE)
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_nothing_is_sent_to_a_server_that_nobody_vouches_for(
    security: str, tls: ssl.SSLContext
) -> None:
    office = Office(tls=tls, implicit=security == "tls")
    async with office.opened():
        with pytest.raises(NotDelivered, match="nobody vouches for its certificate"):
            await postman(office, security=security).deliver(NOTICE)
    assert not office.letters


async def test_nothing_is_sent_in_the_open_where_it_should_be_encrypted() -> None:
    async with Office().opened() as office:
        with pytest.raises(NotDelivered, match=r"it offers no STARTTLS; write security"):
            await postman(office, security="starttls").deliver(NOTICE)
    assert not office.letters


async def test_a_server_that_is_busy_may_be_tried_again() -> None:
    async with Office("451 later", "451 later").opened() as office:
        with pytest.raises(NotDelivered, match="451") as busy:
            await postman(office, security="none").deliver(NOTICE)
        assert not isinstance(busy.value, Unwanted)
        await postman(office, security="none").deliver(NOTICE)
        await office.count(1)


async def test_mailboxes_that_do_not_exist_are_not_tried_again() -> None:
    async with Office("550 nobody", "550 nobody").opened() as office:
        with pytest.raises(Unwanted, match="550"):
            await postman(office, security="none").deliver(NOTICE)


async def test_where_one_mailbox_refuses_the_others_have_it() -> None:
    async with Office("550 nobody").opened() as office:
        with pytest.raises(Unwanted, match="1 of 2 mailboxes"):
            await postman(office, security="none").deliver(NOTICE)
        await office.count(1)


async def test_where_nobody_listens_it_may_be_tried_again() -> None:
    office = Office()
    async with office.opened():
        sender = postman(office, security="none")
    with pytest.raises(NotDelivered) as failure:
        await sender.deliver(NOTICE)
    assert not isinstance(failure.value, Unwanted)
