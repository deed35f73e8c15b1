"""Whether the best passage answers at all: a sum of what speaks for it, and the reason when it does not.

The weights are those of a logistic regression on the tuning questions that the manual answers and those that
it does not (tests/effects/offline/questions.toml); a wrong answer counted four times a needless silence.
"""

import math
from collections.abc import Mapping

import msgspec

from interlock.effects.documents.terms import Query
from interlock.effects.offline.coverage import Place

BIAS = -8.44
WEIGHTS: Mapping[str, float] = {
    "covered": 5.9,
    "meant": 9.77,
    "missing": -5.03,
    "terms": 1.73,
    "substance": -1.88,
    "strange": -2.91,
}


class Evidence(msgspec.Struct, frozen=True):
    """What the candidates show: the most that one covers, how near the best one's meaning is, its place."""

    covered: float
    meant: float
    place: Place


def assurance(asked: Query, evidence: Evidence, passages: int) -> float:
    """Tell how sure it is that the documents answer; below 0 they do not say."""
    here = evidence.place.passage | evidence.place.heading | evidence.place.path
    missing = [term.weight for term in asked.terms if not term.held_by(here) and not term.meant_by(here)]
    strange = any(not term.held_by(evidence.place.heading) for term in asked.foreign)
    measured = {
        "covered": evidence.covered,
        "meant": evidence.meant,
        "missing": max(missing, default=0.0) / math.log(2 + passages),
        "terms": float(len(asked.terms)),
        "substance": asked.substance,
        "strange": float(strange),
    }
    return BIAS + sum(WEIGHTS[name] * value for name, value in measured.items())


def reason(asked: Query, place: Place) -> str:
    """Say why the documents do not answer: which words the best passage lacks."""
    held = place.passage | place.heading
    missing = [term.word for term in asked.terms if not term.held_by(held) and not term.meant_by(held)]
    without = f": no passage speaks of {', '.join(missing[:5])} together with the rest" if missing else ""
    return f"The documents do not say{without}."
