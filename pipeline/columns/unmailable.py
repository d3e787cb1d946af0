"""Turn the sentence in which email-validator refuses an address into a clause in the spoken language.

In English it is the library's own. A sentence of another version of the library, which is not among these, stays English.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pipeline.language import later, say, spoken

REASONS = (
    later("an email address must have an @-sign"),
    later("there must be something before the @-sign"),
    later("there must be something after the @-sign"),
    later("an email address cannot start with a period"),
    later("an email address cannot start with a hyphen"),
    later("an email address cannot end with a period"),
    later("an email address cannot end with a hyphen"),
    later("an email address cannot have a period immediately before the @-sign"),
    later("an email address cannot have a hyphen immediately before the @-sign"),
    later("an email address cannot have a period immediately after the @-sign"),
    later("an email address cannot have a hyphen immediately after the @-sign"),
    later("an email address cannot have two periods in a row"),
    later("an email address cannot have a period and a hyphen next to each other"),
    later(
        "an email address cannot have two letters followed by two dashes immediately after the @-sign or after a period, "
        "except Punycode"
    ),
    later("the part after the @-sign is not valid. It should have a period"),
    later("the part after the @-sign is not valid. It is not within a valid top-level domain"),
    later("the part after the @-sign is a special-use or reserved name that cannot be used with email"),
    later("the part after the @-sign contains invalid characters after Unicode normalization: {characters}"),
    later("the part after the @-sign contains invalid characters in brackets: {characters}"),
    later("the part after the @-sign contains invalid characters: {characters}"),
    later("the part after the @-sign contains invalid characters ({error})"),
    later("the part after the @-sign contains an invalid address literal tag in brackets"),
    later("the part after the @-sign in brackets is not an IPv4 address and has no address literal tag"),
    later("the part after the @-sign is not valid IDNA ({error})"),
    later("the part after the @-sign is invalid ({error})"),
    later("the part after the @-sign became invalid after normalizing to international characters ({error})"),
    later("the email address contains invalid characters before the @-sign: {characters}"),
    later("the email address contains invalid characters before the @-sign"),
    later("the email address contains invalid characters in quotes before the @-sign: {characters}"),
    later("the email address contains invalid characters after the @-sign after IDNA encoding"),
    later("the email address contains unsafe characters: {characters}"),
    later("the email address contains an invalid character"),
    later("the email address is not valid ASCII"),
    later("the email address is too long before the @-sign ({count} character too many)"),
    later("the email address is too long before the @-sign ({count} characters too many)"),
    later("the email address is too long after the @-sign ({count} character too many)"),
    later("the email address is too long after the @-sign ({count} characters too many)"),
    later("the email address is too long after the @-sign ({count} byte too many after IDNA encoding)"),
    later("the email address is too long after the @-sign ({count} bytes too many after IDNA encoding)"),
    later("the email address is too long ({count} character too many)"),
    later("the email address is too long ({count} characters too many)"),
    later("after the @-sign, periods cannot be separated by so many characters ({count} character too many)"),
    later("after the @-sign, periods cannot be separated by so many characters ({count} characters too many)"),
    later('the email address has the "full-width" at-sign (@) character instead of a regular at-sign'),
    later('the email address has the "small commercial at" character instead of a regular at-sign'),
    later("internationalized characters before the @-sign are not supported: {characters}"),
    later("internationalized characters before the @-sign are not supported"),
    later("the display name contains invalid characters when not quoted: {characters}"),
    later("extra character(s) found after close quote: {characters}"),
    later(
        "an open angle bracket at the start of the email address has to be followed by a close angle bracket at the end"
    ),
    later("there can't be anything after the email address"),
    later("quoting the part before the @-sign is not allowed here"),
    later("a display name and angle brackets around the email address are not permitted here"),
    later("a bracketed IP address after the @-sign is not allowed here"),
    later(
        "the address in brackets after the @-sign is not valid: It is not an IPv4 address ({error}) or is missing an "
        "address literal tag"
    ),
    later("the IPv6 address in brackets after the @-sign is not valid ({error})"),
)
"""The library's sentences as clauses; what differs from one address to the other stands in braces."""
NORMALIZED = "after Unicode normalization: "
"""What the library says before the reason of an address that is good only as it is written."""


def clause(sentence: str) -> str:
    """The library's sentence, without its full stop."""
    text = (sentence[:1].lower() + sentence[1:]).rstrip(".")
    if spoken() == "en":
        return text
    if text.startswith(NORMALIZED):
        return say("after Unicode normalization: {reason}", reason=clause(text.removeprefix(NORMALIZED)))
    for reason in REASONS:
        found = _pattern(reason).fullmatch(text)
        if found is not None:
            return say(
                reason, **{name: part.replace("SPACE", say("a space")) for name, part in found.groupdict().items()}
            )
    return text


@lru_cache(maxsize=len(REASONS))
def _pattern(reason: str) -> re.Pattern[str]:
    parts = re.split(r"\\{(\w+)\\}", re.escape(reason))
    return re.compile("".join(f"(?P<{p}>.+)" if at % 2 else p for at, p in enumerate(parts)), re.DOTALL)
