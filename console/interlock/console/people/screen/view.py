"""Which of all that people are asked somebody looks at, and the line that says so. It knows no keys."""

import msgspec
from rich.text import Text

from interlock.console.people.asked import Asked
from interlock.console.people.editing import values
from interlock.console.people.mandate import Mandate
from interlock.console.people.screen.live import Live
from interlock.console.people.words import KINDS


class View(msgspec.Struct, frozen=True):
    """Only what is mine, what was decided instead of what is open, only what holds these words."""

    mine: bool = False
    decided: bool = False
    words: str = ""

    def wanted(self, mandate: Mandate) -> list[Asked]:
        """Return what is looked at."""
        docket, words = mandate.docket, self.words.casefold().split()
        known = docket.decided if self.decided else docket.open
        return [
            asked
            for asked in known.values()
            if (not self.mine or self.decided or mandate.is_theirs(asked))
            and all(word in _searched(asked) for word in words)
        ]

    @property
    def nothing(self) -> str:
        """What to say when nothing is left to look at."""
        if self.words:
            return "nothing here holds these words; escape shows all"
        if self.decided:
            return "nothing was decided lately"
        return "nobody waits for you" if self.mine else "nobody waits for anybody"


def heading(view: View, live: Live, mandate: Mandate, hidden: int) -> Text:
    """Return whose inbox it is, how much is open, and what of it is looked at."""
    docket = mandate.docket
    text = Text.assemble(("inbox of ", "dim"), (mandate.person, "bold"))
    if live.is_up_to_date:
        mine = sum(mandate.is_theirs(asked) for asked in docket.open.values())
        text.append(f"  {len(docket.open) + docket.overflow} open, ")
        text.append(f"{mine} yours", style="bold green" if mine else "dim")
    else:
        text.append(f"  reads the log, record {live.last_seq} …", style="dim")
    shown = (
        "decided" if view.decided else "",
        "only yours" if view.mine and not view.decided else "",
        f"with {view.words!r}" if view.words else "",
        f"{hidden} more are not listed" if hidden else "",
    )
    text.append("".join(f"  · {one}" for one in shown if one), style="yellow")
    text.append(f"  {live.unreadable}" if live.unreadable else "", style="bold red")
    return text


def _searched(asked: Asked) -> str:
    said = asked.said
    words = (asked.summary, said.role, said.tool, asked.desk, said.submitter, values(asked.arguments))
    return " ".join((str(asked.number), KINDS[said.kind], *words)).casefold()
