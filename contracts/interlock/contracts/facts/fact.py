"""What every fact is: something that is so from now on. It must not know which facts there are."""

import msgspec

from interlock.contracts.message import snake


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="fact", tag=snake):
    """Something that is so from now on."""
