"""Boards: who is on them, in which order, with which rank."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

from tests.oracle_metrics.report import LeaderEntry, Report, VaultFigures
from tests.oracle_metrics.windows import WindowFigures

RATIO_SORTS = {"roi": "roiPct", "sharpe": "sharpe", "winRate": "closedWinRatePct"}
AMOUNT_SORTS = ("pnl", "tvl", "volume")
SORTS = (*RATIO_SORTS, *AMOUNT_SORTS, "followers")

_TIES = Context(prec=30, rounding=ROUND_HALF_EVEN)
"""Values that agree to 30 digits are a tie, so that rounding noise never ranks."""


@dataclass(frozen=True)
class Row:
    """`subject` is a vault or a wallet; `base_asset` is empty on the board of reputation."""

    rank: int
    subject: str
    base_asset: str
    value: Decimal


_Candidate = tuple[tuple[object, ...], str, str, Decimal]
"""(sort key, subject, base asset, value)."""


def reputation_board(report: Report) -> list[Row]:
    """Users with an argusScore above 0: by score descending, then joinedAt, then lower-case wallet."""
    return _ranked(
        ((-user.argus_score, user.joined_at, wallet.lower()), wallet, "", Decimal(user.argus_score))
        for wallet, user in report.users.items()
        if user.argus_score > 0
    )


def vault_board(report: Report, sort: str, window: str, base_asset: str | None = None) -> list[Row]:
    """Vaults with a defined figure; ties by tvl descending, createdAt, lower-case address."""
    _check(sort, base_asset)
    chosen: list[_Candidate] = []
    for address, vault in report.vaults.items():
        value = _value(vault.windows[window], sort, vault.row.tvl, _vault_followers(vault))
        if value is not None and base_asset in (None, vault.row.base_asset):
            key = (-_TIES.plus(value), -vault.row.tvl, vault.row.created_at, address.lower())
            chosen.append((key, address, vault.row.base_asset, value))
    return _ranked(chosen)


def leader_board(report: Report, sort: str, window: str, base_asset: str | None = None) -> list[Row]:
    """Entries with a defined figure; ties by tvl descending, the leader's joinedAt, wallet, base asset."""
    _check(sort, base_asset)
    chosen: list[_Candidate] = []
    for entry in report.entries.values():
        value = _value(entry.windows[window], sort, entry.tvl, entry.followers)
        if value is not None and base_asset in (None, entry.base_asset):
            chosen.append((_entry_key(entry, value), entry.wallet, entry.base_asset, value))
    return _ranked(chosen)


def _entry_key(entry: LeaderEntry, value: Decimal) -> tuple[object, ...]:
    return (-_TIES.plus(value), -entry.tvl, entry.joined_at, entry.wallet.lower(), entry.base_asset.lower())


def _vault_followers(vault: VaultFigures) -> int:
    return vault.row.follower_count


def _value(figures: WindowFigures, sort: str, tvl: int, followers: int) -> Decimal | None:
    if sort in RATIO_SORTS:
        return figures.ratios[RATIO_SORTS[sort]]
    now = {"tvl": tvl, "followers": followers, "pnl": figures.pnl, "volume": figures.volume}
    return Decimal(now[sort])


def _check(sort: str, base_asset: str | None) -> None:
    if sort not in SORTS:
        raise ValueError(f"no such sort: {sort}")
    if sort in AMOUNT_SORTS and base_asset is None:
        raise ValueError("amounts of different assets can't be compared")


def _ranked(chosen: Iterable[_Candidate]) -> list[Row]:
    ordered = sorted(chosen, key=lambda candidate: candidate[0])
    return [Row(rank, subject, base, value) for rank, (_, subject, base, value) in enumerate(ordered, start=1)]
