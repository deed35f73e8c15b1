"""Sends a notice by e-mail, over a connection that is encrypted unless the file says otherwise."""

import ssl
from datetime import UTC, datetime
from email.message import EmailMessage

import aiosmtplib

from interlock.console.notifying.errors import NotDelivered, Unwanted
from interlock.console.notifying.notice import Notice
from interlock.console.notifying.settings import Mail
from interlock.console.notifying.silence import silence
from interlock.console.notifying.words import command_for, details, headline, link_for

_LASTING = 500
_MEANS = {530: " (it wants a login, or encryption)", 535: " (it does not take username and password)"}


class Postman:
    """One way to some mailboxes; a connection for each letter."""

    def __init__(self, settings: Mail, password: str | None, page: str, patience_s: float) -> None:
        self._settings = settings
        self._password = password
        self._page = page
        self._patience_s = patience_s
        self._trust = ssl.create_default_context(cafile=settings.ca or None)

    async def deliver(self, notice: Notice) -> None:
        """Send one letter; raises NotDelivered, or Unwanted when it makes no sense to try again."""
        own = self._settings
        encrypted = own.security != "none"
        try:
            refused, _ = await aiosmtplib.send(
                letter(notice, own, self._page),
                hostname=own.host,
                port=own.port,
                username=own.username or None,
                password=self._password,
                use_tls=own.security == "tls",
                start_tls=own.security == "starttls",
                tls_context=self._trust if encrypted else None,
                timeout=self._patience_s,
            )
        except aiosmtplib.SMTPRecipientsRefused as failure:
            raise _refusal([each.code for each in failure.recipients]) from None
        except aiosmtplib.SMTPResponseException as failure:
            raise _refusal([failure.code]) from None
        except (aiosmtplib.SMTPException, OSError) as failure:
            if "STARTTLS extension not supported" in str(failure):
                raise NotDelivered(
                    'it offers no STARTTLS; write security = "tls" for a port of that'
                ) from None
            raise NotDelivered(silence(failure)) from None
        if refused:
            raise Unwanted(f"{len(refused)} of {len(own.to)} mailboxes refused it; the others have it")

    async def close(self) -> None:
        """Nothing stays open between letters."""


def letter(notice: Notice, settings: Mail, page: str) -> EmailMessage:
    """Return a notice as a letter in plain text; however often it is sent, it is the same letter."""
    found = EmailMessage()
    found["Subject"] = f"Interlock {headline(notice)}"
    found["From"] = settings.sender
    found["To"] = ", ".join(settings.to)
    found["Date"] = datetime.fromtimestamp(notice.at_ms // 1_000, UTC)
    found["Message-ID"] = f"<{notice.id}@interlock>"
    found["Auto-Submitted"] = "auto-generated"
    lines = [headline(notice), "", *details(notice), "", command_for(notice), link_for(notice, page)]
    found.set_content("\n".join(lines).strip() + "\n")
    return found


def _refusal(codes: list[int]) -> NotDelivered:
    meanings = (f"{code}{_MEANS.get(code, '')}" for code in sorted(set(codes)))
    said = f"the mail server answered {', '.join(meanings)}"
    return Unwanted(said) if all(code >= _LASTING for code in codes) else NotDelivered(said)
