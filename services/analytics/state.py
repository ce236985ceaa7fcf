"""What the fold knows of a vault after some prefix of its ledger."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self

from libs.events import Kind, OrderKey
from services.analytics.followers import SharePool
from services.analytics.metrics.drawdown import Drawdown
from services.analytics.positions import Position
from services.analytics.precision import ONE, ZERO


@dataclass(slots=True)
class TradeTotals:
    """Sums and counts over a vault's trades; `gains` >= 0 and `losses` <= 0 add up the results."""

    trades: int = 0
    wins: int = 0
    losing: int = 0
    closes: int = 0
    gains: int = 0
    losses: int = 0
    volume: int = 0
    last_trade_at: int | None = None

    @property
    def realised(self) -> int:
        """The sum of all results."""
        return self.gains + self.losses

    def count(self, pnl: int, volume: int, time: int, *, is_close: bool) -> None:
        """Take in one trade."""
        self.trades += 1
        self.closes += is_close
        self.volume += volume
        self.last_trade_at = time
        if pnl > 0:
            self.wins += 1
            self.gains += pnl
        elif pnl < 0:
            self.losing += 1
            self.losses += pnl

    def to_json(self) -> dict[str, Any]:
        """A lossless dict of strings (amounts) and ints (counts, time)."""
        return {
            "trades": self.trades,
            "wins": self.wins,
            "losing": self.losing,
            "closes": self.closes,
            "gains": str(self.gains),
            "losses": str(self.losses),
            "volume": str(self.volume),
            "last_trade_at": self.last_trade_at,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The totals that `to_json` wrote."""
        amounts = {name: int(data[name]) for name in ("gains", "losses", "volume")}
        return cls(**{**data, **amounts})


@dataclass(slots=True)
class FlowTotals:
    """Sums over a vault's flows, and its followers: `followers` ever listed, `subscribers` with a deposit now.

    `tvl` is the sum of the followers' current deposits.
    """

    deposits: int = 0
    withdrawals: int = 0
    settled: int = 0
    tvl: int = 0
    followers: int = 0
    subscribers: int = 0

    @property
    def net_deposits(self) -> int:
        """Deposits - withdrawals - settled parts."""
        return self.deposits - self.withdrawals - self.settled

    def to_json(self) -> dict[str, Any]:
        """A lossless dict of strings (amounts) and ints (counts)."""
        return {
            "deposits": str(self.deposits),
            "withdrawals": str(self.withdrawals),
            "settled": str(self.settled),
            "tvl": str(self.tvl),
            "followers": self.followers,
            "subscribers": self.subscribers,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The totals that `to_json` wrote."""
        amounts = {name: int(data[name]) for name in ("deposits", "withdrawals", "settled", "tvl")}
        return cls(**{**data, **amounts})


@dataclass(slots=True)
class VaultState:
    """A vault after the entries up to `last_key`, treated like a fund.

    owned (Q >= 0) is equity that units own, unowned (R, signed) equity that belongs to no unit, price (P >= 0)
    the price of one unit, kept with guard digits so that rounding neither breaks nor makes a tie. Amounts are
    in the base asset's smallest unit. drawdown follows the first epoch's price and is None before the first
    deposit. block_number is the highest one seen, None while no entry had one.
    """

    owned: int = 0
    unowned: int = 0
    price: Decimal = ONE
    epoch: int = 1
    liquidated: bool = False
    first_deposit_at: int | None = None
    drawdown: Drawdown | None = None
    pool: SharePool = field(default_factory=SharePool)
    positions: dict[str, Position] = field(default_factory=dict)
    trades: TradeTotals = field(default_factory=TradeTotals)
    flows: FlowTotals = field(default_factory=FlowTotals)
    flags: set[str] = field(default_factory=set)
    entries: int = 0
    last_key: OrderKey | None = None
    block_number: int | None = None

    @property
    def equity(self) -> int:
        """E = Q + R, signed."""
        return self.owned + self.unowned

    @property
    def first_epoch_price(self) -> Decimal:
        """The price that returns are measured by: 0 for ever after the first liquidation."""
        return self.price if self.epoch == 1 else ZERO

    def to_json(self) -> dict[str, Any]:
        """A lossless dict that survives JSON: amounts and decimals are strings, counts and times ints."""
        return {
            "owned": str(self.owned),
            "unowned": str(self.unowned),
            "price": str(self.price),
            "epoch": self.epoch,
            "liquidated": self.liquidated,
            "first_deposit_at": self.first_deposit_at,
            "drawdown": None if self.drawdown is None else self.drawdown.to_json(),
            "pool": self.pool.to_json(),
            "positions": {asset: [str(p.quantity), str(p.cost)] for asset, p in sorted(self.positions.items())},
            "trades": self.trades.to_json(),
            "flows": self.flows.to_json(),
            "flags": sorted(self.flags),
            "entries": self.entries,
            "last_key": None if self.last_key is None else key_to_json(self.last_key),
            "block_number": self.block_number,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The state that `to_json` wrote."""
        return cls(
            owned=int(data["owned"]),
            unowned=int(data["unowned"]),
            price=Decimal(data["price"]),
            epoch=data["epoch"],
            liquidated=data["liquidated"],
            first_deposit_at=data["first_deposit_at"],
            drawdown=None if data["drawdown"] is None else Drawdown.from_json(data["drawdown"]),
            pool=SharePool.from_json(data["pool"]),
            positions={asset: Position(int(q), int(c)) for asset, (q, c) in data["positions"].items()},
            trades=TradeTotals.from_json(data["trades"]),
            flows=FlowTotals.from_json(data["flows"]),
            flags=set(data["flags"]),
            entries=data["entries"],
            last_key=None if data["last_key"] is None else key_from_json(data["last_key"]),
            block_number=data["block_number"],
        )


def key_to_json(key: OrderKey) -> list[str | int]:
    """A lossless list that survives JSON."""
    # NO_BLOCK is beyond 2^53, where JSON readers may round.
    return [key.time, str(key.block_number), key.log_index, key.source, int(key.kind), key.follower]


def key_from_json(data: list[Any]) -> OrderKey:
    """The key that `key_to_json` wrote."""
    time, block_number, log_index, source, kind, follower = data
    return OrderKey(time, int(block_number), log_index, source, Kind(kind), follower)
