"""How many tokens a model can make of a call's text, at most. Arithmetic on text: it knows no tokenizer.

Every token of a byte-level or byte-fallback tokenizer stands for at least one byte of the text that it reads,
so the bytes bound the tokens. Some read the text in a normal form (NFC or NFKC) that may be longer.
"""

from unicodedata import normalize

from interlock.contracts.effect import ModelCall
from interlock.contracts.message import Json, encode

# A letter of two bytes becomes six when JSON is written in ASCII: two more for each, and none grows more.
_ESCAPED = 2
# A provider may write the schema anew, with white space between its parts: at most one token for each byte.
_SPACED = 2


def text_tokens(text: str) -> int:
    """Return the most tokens of a text, in any of the forms in which tokenizers read it."""
    if text.isascii():
        return len(text)
    forms = (text, normalize("NFC", text), normalize("NFKC", text))
    return max(len(form.encode(errors="surrogatepass")) for form in forms)


def schema_tokens(schema: Json) -> int:
    """Return the most tokens of a JSON Schema that a provider puts before the model in its own writing."""
    if not schema:
        return 0
    written = encode(schema)
    foreign = 0 if written.isascii() else len(written) - len(written.decode("ascii", "ignore"))
    return (len(written) + foreign * _ESCAPED) * _SPACED


def prompt_tokens(call: ModelCall) -> int:
    """Return the most tokens that a call's own text can have; what a model adds to it is its offer's matter.

    A reasoner without a language model reads the inputs instead of the prompt: the longer counts.
    """
    inputs = len(encode(call.inputs)) if call.inputs else 0
    return max(text_tokens(call.prompt), inputs) + schema_tokens(call.returns)
