"""What a request's conditional and negotiation headers ask for (RFC 9110)."""

from __future__ import annotations

import re
from functools import lru_cache

_ENTITY_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_ZERO_WEIGHT = re.compile(r"q\s*=\s*0(\.0{0,3})?")


@lru_cache(maxsize=256)
def accepts_gzip(accept_encoding: str) -> bool:
    """Whether Accept-Encoding allows gzip: named or by `*`, with a weight above zero."""
    any_coding = False
    for part in accept_encoding.lower().split(","):
        coding, _, weight = part.strip().partition(";")
        allowed = not _ZERO_WEIGHT.fullmatch(weight.strip())
        match coding.strip():
            case "gzip" | "x-gzip":
                return allowed
            case "*":
                any_coding = allowed
    return any_coding


def names_any(if_none_match: str, etags: tuple[str, ...]) -> bool:
    """Whether If-None-Match is `*` or lists one of the tags; compared weakly, as RFC 9110 says for it."""
    if if_none_match.strip() == "*":
        return True
    return any(tag in etags for tag in _ENTITY_TAG.findall(if_none_match))
