"""What one trade realises by average cost, and how it moves the vault's positions."""

from __future__ import annotations

from dataclasses import dataclass

Identity = tuple[int | str, ...]
Positions = dict[str, tuple[int, int]]
"""Per asset: (quantity, cost in the base asset), both in smallest units."""


@dataclass(frozen=True)
class Trade:
    """A trade as accepted. `amount_out` is None when unknown; `stated_pnl` 0 means "derive it"."""

    identity: Identity
    time: int
    tx_hash: str | None
    log_index: int | None
    asset_in: str
    asset_out: str
    amount_in: int
    amount_out: int | None
    stated_pnl: int = 0
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Outcome:
    """The result (signed, base asset), whether it closes, the base-asset volume, and the flags."""

    result: int
    is_close: bool
    volume: int
    flags: frozenset[str]


PARTIAL = frozenset({"cost_basis_partial"})


def settle_trade(trade: Trade, base_asset: str, positions: Positions) -> Outcome:
    """Move the positions and give the outcome; a producer's non-zero figure replaces the derived result."""
    derived = _derive(trade, base_asset, positions)
    flags = derived.flags | trade.flags
    if trade.stated_pnl != 0:
        return Outcome(trade.stated_pnl, True, derived.volume, flags)
    return Outcome(derived.result, derived.is_close, derived.volume, flags)


def _derive(trade: Trade, base_asset: str, positions: Positions) -> Outcome:
    flags: set[str] = set()
    if trade.asset_in == trade.asset_out:
        flags.add("self_trade")
    if trade.amount_out is None:
        flags.add("amount_out_unknown")
    if flags or trade.amount_out is None:
        return Outcome(0, False, 0, frozenset(flags))
    if trade.asset_in == base_asset:
        return _buy(trade.asset_out, trade.amount_in, trade.amount_out, positions)
    if trade.asset_out == base_asset:
        return _sell(trade.asset_in, trade.amount_in, trade.amount_out, positions)
    return _swap(trade, trade.amount_out, positions)


def _buy(asset: str, paid: int, received: int, positions: Positions) -> Outcome:
    if received == 0:
        return Outcome(-paid, True, paid, frozenset())
    quantity, cost = positions.get(asset, (0, 0))
    positions[asset] = (quantity + received, cost + paid)
    return Outcome(0, False, paid, frozenset())


def _sell(asset: str, sold: int, proceeds: int, positions: Positions) -> Outcome:
    quantity, cost = positions.get(asset, (0, 0))
    if quantity == 0:
        return Outcome(0, False, proceeds, PARTIAL)
    if sold > quantity:
        positions[asset] = (0, 0)
        return Outcome(proceeds * quantity // sold - cost, True, proceeds, PARTIAL)
    if sold == quantity:
        positions[asset] = (0, 0)
        return Outcome(proceeds - cost, True, proceeds, frozenset())
    cost_sold = cost * sold // quantity
    positions[asset] = (quantity - sold, cost - cost_sold)
    return Outcome(proceeds - cost_sold, True, proceeds, frozenset())


def _swap(trade: Trade, received: int, positions: Positions) -> Outcome:
    quantity, cost = positions.get(trade.asset_in, (0, 0))
    sold = trade.amount_in
    if quantity == 0 or sold == 0:
        return Outcome(0, False, 0, PARTIAL)
    flags: frozenset[str] = frozenset()
    if sold > quantity:
        flags = PARTIAL
        received = received * quantity // sold
        sold = quantity
    moved = cost if sold == quantity else cost * sold // quantity
    positions[trade.asset_in] = (quantity - sold, cost - moved)
    target_quantity, target_cost = positions.get(trade.asset_out, (0, 0))
    if target_quantity + received == 0:
        return Outcome(-moved, True, 0, flags)
    positions[trade.asset_out] = (target_quantity + received, target_cost + moved)
    return Outcome(0, False, 0, flags)
