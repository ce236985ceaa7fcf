"""Opaque page tokens over keysets, and page sizes with documented defaults."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from hashlib import blake2b

import orjson

from libs.errors import violation

MAX_SKIP = 1_000_000


def token_kind(name: str, conditions: object) -> str:
    """The kind of a list's tokens: the name alone without conditions, else bound to their repr."""
    if not conditions:
        return name
    return f"{name}-{blake2b(repr(conditions).encode(), digest_size=9).hexdigest()}"


def encode_page_token(kind: str, key: Sequence[str | int]) -> str:
    """Opaque URL-safe token of a keyset; `kind` ties it to one list."""
    return base64.urlsafe_b64encode(orjson.dumps([kind, *key])).rstrip(b"=").decode()


def decode_page_token(kind: str, token: str, types: Sequence[type]) -> list[str | int] | None:
    """The keyset in a token of this kind, None for an empty one; InvalidArgument names page_token."""
    if not token:
        return None
    try:
        decoded = orjson.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, orjson.JSONDecodeError):
        raise violation("page_token", "is not a token of this list") from None
    if not isinstance(decoded, list) or len(decoded) != len(types) + 1 or decoded[0] != kind:
        raise violation("page_token", "is not a token of this list")
    key = decoded[1:]
    if any(type(part) is not expected for part, expected in zip(key, types, strict=True)):
        raise violation("page_token", "is not a token of this list")
    return key


def page_size(requested: int, *, default: int, maximum: int) -> int:
    """Rows to return: 0 means the default, more than the maximum is coerced, negative is InvalidArgument."""
    if requested < 0:
        raise violation("page_size", "must not be negative")
    return min(requested or default, maximum)


def skip_rows(requested: int) -> int:
    """Rows to leave out; InvalidArgument outside 0 to 1,000,000."""
    if not 0 <= requested <= MAX_SKIP:
        raise violation("skip", f"must be from 0 to {MAX_SKIP}")
    return requested
