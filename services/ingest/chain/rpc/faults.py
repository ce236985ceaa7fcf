"""A node's refusals told apart by their code and words: nodes agree on neither."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class FaultKind(StrEnum):
    """Why there is no answer."""

    UNREACHABLE = "unreachable"  # no connection, an HTTP error, or no JSON
    TIMEOUT = "timeout"
    THROTTLED = "throttled"
    TOO_LARGE = "too_large"  # the reply was
    BATCH_REFUSED = "batch_refused"
    MISSING = "missing"  # an item of a batch: left out or answered twice
    RANGE = "range"  # too many blocks or logs asked for at once
    REVERTED = "reverted"  # a contract's doing
    SLOW_CALL = "slow_call"  # a contract's doing, or a busy node's
    PRUNED = "pruned"  # the state of that block is gone
    DAMAGED = "damaged"
    UNSUPPORTED = "unsupported"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one request, or a whole batch, was not answered."""

    kind: FaultKind
    text: str
    allowed: tuple[int, ...] = ()  # sizes that the text names: of a range of blocks or of a batch
    retry_after_seconds: float | None = None
    data: str = ""  # what a reverted call returned, as hex


_MAX_TEXT: Final = 300
# Order matters: a text about ranges may also say "limit", one about rates "exceeded".
_PATTERNS: Final = tuple(
    (kind, re.compile("|".join(words), re.IGNORECASE))
    for kind, words in (
        (FaultKind.SLOW_CALL, ("execution (?:aborted|timeout|timed out)", "evm timeout")),
        (
            FaultKind.REVERTED,
            (
                *("revert", "invalid opcode", "opcode .*not defined", "bad instruction", "invalid jump"),
                *("out of ?gas", "gas required exceeds", "stack (?:under|over)flow", "max call depth"),
                *("evm error", "vm (?:execution|exception)", "write protection", "return data out of bounds"),
            ),
        ),
        (
            FaultKind.THROTTLED,
            (
                *("rate.?limit", "too many requests", "throttl", "compute units", "quota"),
                *("request (?:count|limit)", "per second"),
            ),
        ),
        (
            FaultKind.PRUNED,
            (
                *("missing trie node", "state .*(?:not |un)available", "historical state", "pruned", "archive"),
                "version .* does not exist",
            ),
        ),
        (
            FaultKind.RANGE,
            (
                *(r"\branges?\b", "distance", "results", r"\blogs\b", "too many blocks", "single.?block", "one block"),
                *("response (?:size|is too|too)", "query timeout", "limit exceeded"),
            ),
        ),
        (FaultKind.BATCH_REFUSED, (r"\bbatch",)),
        (FaultKind.UNSUPPORTED, ("(?:method|function) .*(?:not (?:found|exist|supported|available)|does not exist)",)),
    )
)
_CODES: Final = {3: FaultKind.REVERTED, -32015: FaultKind.REVERTED, 429: FaultKind.THROTTLED}
_SUGGESTED: Final = re.compile(
    r"\[\s*(0x[0-9a-f]{1,16})\s*,\s*(0x[0-9a-f]{1,16})\s*\]|\brange (\d{1,15})-(\d{1,15})\b", re.I
)
_SINGLE: Final = re.compile(r"\b(?:single|one|same|1)[- ]block\b", re.IGNORECASE)
_COUNT_LIMIT: Final = re.compile(r"results|\blogs\b|response", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(?<![\w.])(\d{1,3}(?:[,_]\d{3})+|\d{1,12})(k\b)?", re.IGNORECASE)


def fault_of_error(error: Any) -> Fault:
    """The fault behind the `error` member of a JSON-RPC reply, whatever it holds."""
    code = error.get("code") if isinstance(error, dict) else None
    text = str(error.get("message") if isinstance(error, dict) else error)[:_MAX_TEXT]
    kind = _kind(code, text)
    data = error.get("data") if isinstance(error, dict) else None
    return Fault(
        kind,
        f"{text} ({code})",
        allowed=_allowed(text) if kind in (FaultKind.RANGE, FaultKind.BATCH_REFUSED) else (),
        data=data if isinstance(data, str) and kind is FaultKind.REVERTED else "",
    )


def _kind(code: Any, text: str) -> FaultKind:
    if type(code) is int and code in _CODES:
        return _CODES[code]
    if code == -32601:
        return FaultKind.UNSUPPORTED
    return next((kind for kind, pattern in _PATTERNS if pattern.search(text)), FaultKind.OTHER)


def _allowed(text: str) -> tuple[int, ...]:
    """Sizes that the text may name as allowed, unordered: the reader takes the largest below what it tried.

    A suggested range is its length; a limit of results is no size of a range.
    """
    suggested = _SUGGESTED.search(text)
    if suggested:
        first, last = (
            (int(suggested[1], 16), int(suggested[2], 16)) if suggested[1] else (int(suggested[3]), int(suggested[4]))
        )
        return (last - first + 1,) if last >= first else ()
    if _SINGLE.search(text):
        return (1,)
    if _COUNT_LIMIT.search(text):
        return ()
    return tuple(int(re.sub("[,_]", "", match[1])) * (1000 if match[2] else 1) for match in _NUMBER.finditer(text))
