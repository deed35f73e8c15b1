"""A notice as JSON: for programs (Standard Webhooks), and for chats that read what Slack reads.

Sources: https://www.standardwebhooks.com, https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks.
"""

from typing import Any

import msgspec

from interlock.console.notifying.notice import Notice
from interlock.console.notifying.words import command_for, details, headline, link_for, moment

TYPES = "interlock.escalation"

# What Slack reads as a sign of its own in a text.
_SIGNS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def for_programs(notice: Notice, page: str) -> bytes:
    """Return the payload of a webhook: type, time and data, with the link and the command where there are."""
    fields: dict[str, Any] = msgspec.to_builtins(notice)
    data = {name: value for name, value in fields.items() if not name.endswith("_ms")}
    if notice.deadline_ms is not None:
        data["deadline"] = moment(notice.deadline_ms)
    if notice.needs:
        data["needs"] = [{"role": need.role, "quorum": need.quorum} for need in notice.needs]
    data |= {"text": headline(notice), "command": command_for(notice), "link": link_for(notice, page)}
    payload = {
        "type": f"{TYPES}.{notice.what}",
        "timestamp": moment(notice.at_ms),
        "data": {name: value for name, value in data.items() if value},
    }
    return msgspec.json.encode(payload)


def for_chats(notice: Notice, page: str) -> bytes:
    """Return a message with a text for notifications, and blocks for the eye."""
    head = headline(notice).translate(_SIGNS)
    lines = [f"*{head}*", *(line.translate(_SIGNS) for line in details(notice))]
    if command := command_for(notice):
        lines.append(f"`{command}`")
    if link := link_for(notice, page):
        lines.append(f"<{link.translate(_SIGNS)}|Open {notice.number}>")
    block = {"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(lines)}}
    return msgspec.json.encode({"text": head, "blocks": [block]})
