"""Leaderboards: who is ranked, by what, and how ties are broken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from services.analytics.metrics.windows import WindowFigures


class Sort(StrEnum):
    """What a board of vaults, or of leaders per base asset, ranks by; the largest comes first."""

    ROI = "roi"
    PNL = "pnl"
    SHARPE = "sharpe"
    TVL = "tvl"
    FOLLOWERS = "followers"
    WIN_RATE = "winRate"
    VOLUME = "volume"

    @property
    def is_amount(self) -> bool:
        """Whether it compares amounts, which only makes sense within one base asset."""
        return self in {Sort.PNL, Sort.TVL, Sort.VOLUME}


class Contender(NamedTuple):
    """A vault, or a leader with its vaults of one base asset, with its figures of one window.

    since is the vault's createdAt or the leader's joinedAt, address the contract's or the leader's wallet.
    """

    id: str
    address: str
    base_asset: str
    since: int
    tvl: int
    followers: int
    figures: WindowFigures


class Scored(NamedTuple):
    """A wallet with its argus score."""

    id: str
    address: str
    argus_score: int
    joined_at: int


class Ranked(NamedTuple):
    """A place on a board, from 1; previous_rank is None for who was not on the board before."""

    rank: int
    id: str
    base_asset: str
    value: Decimal
    previous_rank: int | None

    @property
    def rank_change(self) -> int | None:
        """Places gained (positive) or lost since the refresh before."""
        return None if self.previous_rank is None else self.previous_rank - self.rank


# Previous ranks are by id and base asset; the base asset is empty on the reputation board.
Ranks = Mapping[tuple[str, str], int]
NO_RANKS: Ranks = {}

_VALUES: Mapping[Sort, Callable[[Contender], Decimal | int | None]] = {
    Sort.ROI: lambda contender: contender.figures.roi_pct.value,
    Sort.PNL: lambda contender: contender.figures.pnl,
    Sort.SHARPE: lambda contender: contender.figures.sharpe.value,
    Sort.TVL: lambda contender: contender.tvl,
    Sort.FOLLOWERS: lambda contender: contender.followers,
    Sort.WIN_RATE: lambda contender: contender.figures.closed_win_rate_pct.value,
    Sort.VOLUME: lambda contender: contender.figures.volume,
}


def board(
    contenders: Iterable[Contender], sort: Sort, previous: Ranks = NO_RANKS, base_asset: str | None = None
) -> list[Ranked]:
    """Rank those whose figure is defined, of one base asset or, for ratios and counts, of all.

    Ties go to the larger tvl, then the oldest, then the lower-case address, then the base asset.

    Raises:
        ValueError: a board of amounts without a base asset.
    """
    if sort.is_amount and base_asset is None:
        raise ValueError(f"a board by {sort} needs a base asset")
    value_of = _VALUES[sort]
    rows = [
        (value, contender)
        for contender in contenders
        if base_asset in {None, contender.base_asset} and (value := value_of(contender)) is not None
    ]
    rows.sort(key=_order)
    return [
        Ranked(rank, row.id, row.base_asset, Decimal(value), previous.get((row.id, row.base_asset)))
        for rank, (value, row) in enumerate(rows, start=1)
    ]


def reputation_board(wallets: Iterable[Scored], previous: Ranks = NO_RANKS) -> list[Ranked]:
    """Rank wallets with a score above 0 by it; ties go to who joined first, then the lower-case wallet."""
    rows = sorted((row for row in wallets if row.argus_score > 0), key=_reputation)
    return [
        Ranked(rank, row.id, "", Decimal(row.argus_score), previous.get((row.id, "")))
        for rank, row in enumerate(rows, start=1)
    ]


def ranks_of(ranked: Iterable[Ranked]) -> dict[tuple[str, str], int]:
    """The ranks of a board as the next refresh takes them."""
    return {(row.id, row.base_asset): row.rank for row in ranked}


def neighbours(ranked: Sequence[Ranked], rank: int, reach: int) -> Sequence[Ranked]:
    """The row at a rank of the board with up to `reach` rows on either side."""
    return ranked[max(0, rank - 1 - reach) : rank + reach]


def _order(row: tuple[Decimal | int, Contender]) -> tuple[Decimal | int, int, int, str, str]:
    value, contender = row
    # Unary minus would round a Decimal to the context's digits.
    largest_first = value.copy_negate() if isinstance(value, Decimal) else -value
    return largest_first, -contender.tvl, contender.since, contender.address.lower(), contender.base_asset.lower()


def _reputation(row: Scored) -> tuple[int, int, str]:
    return -row.argus_score, row.joined_at, row.address.lower()
