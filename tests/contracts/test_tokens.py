"""The bound of a call's tokens: no form in which a tokenizer may read the text has more bytes."""

import json
from unicodedata import normalize

from hypothesis import given
from hypothesis import strategies as st

from interlock.contracts.effect import ModelCall
from interlock.contracts.tokens import prompt_tokens, schema_tokens, text_tokens

# A sign of three bytes that NFKC writes as eighteen letters, and one of four bytes that NFC writes as three.
GROWING = ("\ufdfa", "\U0001d160")
TEXTS = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from(GROWING)), max_size=50)
TREES = st.recursive(
    st.one_of(TEXTS, st.integers(), st.booleans(), st.none()),
    lambda tree: st.one_of(st.lists(tree, max_size=4), st.dictionaries(TEXTS, tree, max_size=4)),
    max_leaves=12,
)


def test_a_text_of_ascii_has_at_most_its_letters_as_tokens() -> None:
    assert text_tokens("How many?") == 9
    assert text_tokens("") == 0


def test_a_sign_that_grows_in_a_normal_form_counts_as_grown() -> None:
    assert [text_tokens(sign) for sign in GROWING] == [33, 12]


@given(TEXTS)
def test_no_form_of_a_text_has_more_bytes_than_its_bound(text: str) -> None:
    for form in (text, normalize("NFC", text), normalize("NFKC", text)):
        assert len(form.encode()) <= text_tokens(text)


@given(st.dictionaries(TEXTS, TREES, max_size=4))
def test_a_schema_written_anew_is_within_its_bound(schema: dict[str, object]) -> None:
    bound = schema_tokens(schema)
    # However a provider writes it: as it stands, escaped, or with a blank after each sign of JSON
    assert bound >= (len(json.dumps(schema)) if schema else 0)
    assert bound >= (len(json.dumps(schema, ensure_ascii=False).encode()) if schema else 0)


def test_prompt_and_schema_count_together_and_the_longer_of_prompt_and_inputs() -> None:
    returns = {"type": "object"}
    spoken = ModelCall(purpose="p", prompt="x" * 40, inputs={"q": "why"}, returns=returns)
    assert prompt_tokens(spoken) == 40 + schema_tokens(returns)
    silent = ModelCall(purpose="p", prompt="", inputs={"q": "why"})
    assert prompt_tokens(silent) == len('{"q":"why"}')
