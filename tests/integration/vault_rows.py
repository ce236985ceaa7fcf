"""Vaults with figures of every kind written straight into the tables, and a naive list of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from psycopg import AsyncConnection

from services.analytics.metrics.risk import risk_score

NAMES = ("alpha", "Alpha", "ALPHA 2", "beta_%", "Béta", "bÉTA", "", "O'Neil \\", "zeta")
BASES = ("0x" + "33" * 20, "0x" + "44" * 20)
LEADERS = ("0x" + "55" * 20, "0x" + "66" * 20)
SCORES = (0, 730)
START = 1_700_000_000
SPACE = UUID("0f3a9d1e-6c1b-5b7e-9d58-2f6f0f7c5a12")


@dataclass
class VaultFacts:
    """What a test knows of a vault; percentages None where they are not known."""

    id: str
    address: str
    name: str
    leader: int
    base: str
    created_at: int
    status: str
    tvl: int
    roi: Decimal | None
    drawdown: Decimal
    volatility: Decimal | None
    followers: int
    trades: int
    windows: dict[str, tuple[Decimal | None, Decimal | None]]

    @property
    def risk(self) -> int:
        """The reference's score."""
        return risk_score(SCORES[self.leader], self.drawdown, self.volatility).score

    def figures(self, window: str) -> tuple[Decimal | None, Decimal | None]:
        """Return and drawdown of a window; a vault without windows knows none but those of all."""
        if window == "all":
            return self.roi, None if self.roi is None else self.drawdown
        return self.windows.get(window, (None, None))


def leader_id(number: int) -> str:
    """The id of a leader."""
    return str(uuid5(SPACE, LEADERS[number]))


def random_vault(number: int, source: random.Random) -> VaultFacts:
    """Few different values, so that most lists have equals."""

    def percent(low: str, high: str) -> Decimal | None:
        return source.choice((None, Decimal(low), Decimal("0.5"), Decimal("12.345678901234567890123"), Decimal(high)))

    windows = {name: (percent("-3", "4e17"), percent("0", "100")) for name in ("24h", "30d")}
    return VaultFacts(
        id=str(uuid5(SPACE, f"vault {number}")),
        address=f"0x{number + 0xABC:04x}" + "9" * 36,
        name=source.choice(NAMES),
        leader=source.randrange(2),
        base=source.choice(BASES),
        created_at=START + source.randrange(5),
        status=source.choice(("ACTIVE", "ACTIVE", "PAUSED", "LIQUIDATED")),
        tvl=source.choice((0, 9, 10, 2**256, 10**30)),
        roi=percent("-100", "7e16"),
        drawdown=percent("0", "100") or Decimal(0),
        volatility=percent("1", "250"),
        followers=source.choice((0, 1, 9, 10)),
        trades=source.choice((0, 3, 20)),
        windows=windows if source.random() < 0.8 else {},
    )


async def insert_leaders(admin: AsyncConnection[Any]) -> None:
    """The users that lead."""
    for number, wallet in enumerate(LEADERS):
        await admin.execute(
            "INSERT INTO vaults.users (id, wallet_address, argus_score, first_event_at) VALUES (%s, %s, %s, now())",
            (leader_id(number), wallet, SCORES[number]),
        )


async def insert_vault(admin: AsyncConnection[Any], facts: VaultFacts) -> None:
    """A vault with its windows."""
    await admin.execute(
        """
        INSERT INTO vaults.vaults (
            id, contract_address, leader_id, name, base_asset, created_at, is_frozen, is_liquidated, tvl, roi_pct,
            max_drawdown_pct, volatility_30d_pct, follower_count, trade_count
        )
        VALUES (%s, %s, %s, %s, %s, to_timestamp(%s), %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (
            facts.id, facts.address, leader_id(facts.leader), facts.name, facts.base, facts.created_at,
            facts.status == "PAUSED", facts.status == "LIQUIDATED", facts.tvl, facts.roi, facts.drawdown,
            facts.volatility, facts.followers, facts.trades,
        ),
    )  # fmt: skip
    for window, (roi, drawdown) in facts.windows.items():
        await admin.execute(
            """
            INSERT INTO vaults.vault_windows (vault_id, window_name, roi_pct, pnl, volume, max_drawdown_pct)
            VALUES (%s, %s, %s, 0, 0, %s)
            """,
            (facts.id, window, roi, drawdown),
        )


def sort_values(window: str) -> dict[str, Callable[[VaultFacts], Any]]:
    """What a list is sorted by, None where it is not known."""
    return {
        "CREATED_AT": lambda vault: vault.created_at,
        "TVL": lambda vault: vault.tvl,
        "ROI": lambda vault: vault.figures(window)[0],
        "DRAWDOWN": lambda vault: vault.figures(window)[1],
        "RISK_SCORE": lambda vault: vault.risk,
        "FOLLOWERS": lambda vault: vault.followers,
        "TRADES": lambda vault: vault.trades,
        "NAME": lambda vault: vault.name.lower(),
    }


def naive_list(vaults: list[VaultFacts], key: Callable[[VaultFacts], Any], *, descending: bool) -> list[str]:
    """Ids by value, equals by id, unknown values last."""
    known = sorted((vault for vault in vaults if key(vault) is not None), key=lambda vault: vault.id)
    known.sort(key=key, reverse=descending)
    unknown = sorted(vault.id for vault in vaults if key(vault) is None)
    return [vault.id for vault in known] + unknown
