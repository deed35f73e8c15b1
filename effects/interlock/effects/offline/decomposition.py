"""A goal becomes one to four questions, each with its subject; it does not know what documents there are."""

import re

from interlock.effects.offline.types import SubQuestion

QUESTIONS_MAX = 4
GOAL_CHARS_MAX = 4_000
ASKING = r"(?:what|how|why|when|where|which|who|whom|whose)"
AUXILIARY = r"(?:does|do|did|is|are|was|were|can|could|may|might|must|should|shall|will|would|has|have|had)"
# A second question begins with a word that asks, or repeats an auxiliary with a pronoun.
JOINT = re.compile(
    rf"\s*[,;]?\s+(?:and|or|but|also|then)\s+(?:also\s+)?(?={ASKING}\b|{AUXILIARY}\s+(?:it|they|this|that|he|she|I|we|you)\b)"
    rf"|\s*[;,]\s+(?={ASKING}\s+{AUXILIARY}\b)",
    re.IGNORECASE,
)
SENTENCE = re.compile(r"(?<=[?!])\s+|(?<=[.])\s+(?=[A-Z])|\n\s*\n?")
SUBJECT = re.compile(rf"\b{AUXILIARY}\s+(?P<rest>.+)", re.IGNORECASE)
PRONOUN = re.compile(r"\b(?:it|they|them|this|that|these|those)\b|\bone(?=\W*$)", re.IGNORECASE)
# "Line by line" tells how, not what.
MANNER = re.compile(r"\s(?P<each>\w+) by (?P=each)\b", re.IGNORECASE)
POSSESSIVE = re.compile(r"\b(?:its|their)\b", re.IGNORECASE)
DETERMINERS = frozenset(
    {"the", "a", "an", "this", "that", "these", "those", "my", "your", "our", "its", "their"}
)
PERSONS = frozenset({"i", "we", "you", "one", "there", "it", "they"})
ABSTRACT = frozenset({"difference", "reason", "purpose", "way", "point", "use", "best"})
PREPOSITIONS = frozenset(
    {"in", "on", "with", "from", "to", "of", "for", "at", "by", "without", "into", "as", "when", "if"}
)
SUBJECT_WORDS_MAX = 4
# A question of these words alone ("what is the default?") asks about what the one before was about.
LEANING = frozenset(
    {"default", "value", "limit", "maximum", "minimum", "reason", "alternative", "example", "syntax", "order"}
    | {"defaults", "limits", "alternatives", "examples", "exceptions", "cost", "costs", "purpose", "result"}
)
IS_WHAT = re.compile(r"what (?:is|are|was|were)\b", re.IGNORECASE)
ALONE = re.compile(rf"{ASKING}(?:\s+not)?$", re.IGNORECASE)
ASKED_FIRST = re.compile(rf"^{ASKING}(?:\s+(?:many|much|long|often|large|big))?\b", re.IGNORECASE)
QUANTITY = re.compile(rf"^(?:how (?:many|much)|which|what) (?P<what>\w[\w ]*?) {AUXILIARY}\b", re.IGNORECASE)


def decompose(goal: str) -> list[SubQuestion]:
    """Split a goal into at most four questions; pronouns of later ones become the first one's subject."""
    goal = " ".join(goal[:GOAL_CHARS_MAX].split(" ")).strip()
    parts = [
        part for sentence in SENTENCE.split(goal) for part in JOINT.split(sentence) if part and part.strip()
    ]
    questions: list[SubQuestion] = []
    subject = ""
    for part in parts[:QUESTIONS_MAX]:
        text = _leaning(" ".join(part.split()), questions[-1].text if questions else "")
        text = _spelled_out(text, subject)
        subject = _subject(text) or subject
        questions.append(SubQuestion(text, subject))
    return questions or [SubQuestion(" ".join(goal.split()) or "?")]


def _leaning(part: str, before: str) -> str:
    """Give a question that names nothing itself the topic of the one before: "and why?", "the default?"."""
    plain = part.strip(" ,;?.!")
    if not before or not plain:
        return part
    if ALONE.match(plain):
        return ASKED_FIRST.sub(plain, before, count=1)
    words = {word.strip(",;:").lower() for word in plain.split()}
    rest = {word for word in words if not re.fullmatch(rf"{ASKING}|{AUXILIARY}|not|then", word)} - DETERMINERS
    topic = _topic(before)
    leans = bool(rest & LEANING) and len(rest - LEANING) <= 1 and rest.isdisjoint(PREPOSITIONS)
    return f"{plain} for {topic}?" if topic and leans else part


def _topic(question: str) -> str:
    """Find all that a question is about: what is done, or its subject with what is asked of it."""
    match = SUBJECT.search(question)
    words = match["rest"].rstrip("?.! ").split() if match else []
    if words and words[0].lower() in PERSONS:
        return " ".join(words[2:])
    quantity = QUANTITY.match(question)
    subject = _subject(question) or " ".join(words)
    return f"the {quantity['what']} of {subject}" if quantity else subject


def _spelled_out(part: str, subject: str) -> str:
    """Put the subject where a pronoun stood, and give the question its form."""
    text = part.strip(" ,;")
    if subject:
        possessive = f"{subject}'s" if not subject.endswith("s") else f"{subject}'"
        text = POSSESSIVE.sub(possessive.replace("\\", ""), text, count=1)
        text = PRONOUN.sub(subject.replace("\\", ""), text, count=1)
    text = text[:1].upper() + text[1:]
    if re.match(rf"{ASKING}\b|{AUXILIARY}\b", text, re.IGNORECASE):
        text = f"{text.rstrip('?.! ')}?"
    return text


def _subject(text: str) -> str:
    """Find what a question is about: the words after its auxiliary, up to what looks like the verb."""
    match = SUBJECT.search(MANNER.sub("", text))
    if match is None:
        return ""
    words = match["rest"].rstrip("?.! ").split()
    if re.match(r"who\b", text, re.IGNORECASE):
        return ""
    if words and words[0].lower() in PERSONS:
        return _object(words[1:])
    whole = IS_WHAT.match(text) is not None
    taken: list[str] = []
    for word in words[:SUBJECT_WORDS_MAX]:
        plain = word.strip(",;:()\"'`").lower()
        if plain in ABSTRACT and (not taken or taken[-1].lower() in DETERMINERS):
            return ""
        named = word[:1].isupper() or "." in word.strip(".") or "_" in word
        if whole and plain in PREPOSITIONS - {"of"}:
            break
        if not taken or taken[-1].lower() in DETERMINERS or named or whole:
            taken.append(word.strip(",;:"))
        elif plain.endswith("s") and not plain.endswith("ss") and taken[-1][:1].isupper():
            taken.append(plain)
            break
        else:
            break
    if taken and taken[-1].lower() in DETERMINERS:
        taken.pop()
    return " ".join(taken)


def _object(words: list[str]) -> str:
    """Find what is done something to in "I install X on Y": the words after the verb, up to a preposition."""
    taken: list[str] = []
    for word in words[1 : SUBJECT_WORDS_MAX + 1]:
        if word.lower() in PREPOSITIONS or word.lower() in PERSONS:
            break
        taken.append(word.strip(",;:"))
    return " ".join(taken) if len(words) > 1 else ""
