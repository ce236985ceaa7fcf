"""What a caller of the chain reader has to expect."""

from __future__ import annotations


class ChainUnavailable(Exception):
    """No node gave an answer that can be trusted now: wait, take a new head and ask again."""


class WindowTorn(ChainUnavailable):
    """Blocks and logs did not fit together: the chain reorganised under the request, or a node contradicts itself."""


class StateUnavailable(ChainUnavailable):
    """The nodes no longer keep the state of that block; the state of the latest block may still be there."""


class WrongChain(Exception):
    """Every configured node serves another chain than the configured one: waiting won't help."""


class Damaged(ValueError):
    """An answer that is not what the method gives; the text says how. It is asked for again."""
