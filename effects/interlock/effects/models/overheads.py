"""How many tokens a request's form adds to its text, at most: what the server puts there, and what we do."""

from urllib.parse import urlsplit

OPENAI_HOST = "api.openai.com"

# An answer that is no object is put into the field of one, a tool has a name and a description, and a server
# that takes no schema is asked in words: tokens.schema_tokens counts none of that.
WRAPPING_TOKENS = 256

# Message marks, and the heading that stands before a schema.
_OPENAI_TEMPLATE_TOKENS = 256
# The system prompt for tools is stated as 159 to 530 tokens by model; twice that for those not stated:
# https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview. Other servers' chat templates bring
# system prompts of their own, the longest known of some 800 tokens.
_TEMPLATE_TOKENS = 1_280


def template_tokens(base_url: str) -> int:
    """Return the most tokens that the server at an address adds to a prompt on its own."""
    return _OPENAI_TEMPLATE_TOKENS if urlsplit(base_url).hostname == OPENAI_HOST else _TEMPLATE_TOKENS
