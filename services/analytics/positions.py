"""The result of a trade by average cost, in the base asset."""

from collections.abc import MutableMapping
from typing import NamedTuple

from services.analytics.flags import AMOUNT_OUT_UNKNOWN, COST_BASIS_PARTIAL, SELF_TRADE
from services.analytics.ledger import Trade


class Position(NamedTuple):
    """What a vault holds of an asset as far as its trades show: quantity > 0, and what it cost in the base asset."""

    quantity: int
    cost: int


class TradeOutcome(NamedTuple):
    """A trade's result (signed), whether it closed something, its base-asset side, and what was odd about it."""

    pnl: int
    is_close: bool
    volume: int
    flags: tuple[str, ...] = ()


Positions = MutableMapping[str, Position]

_NOTHING = Position(0, 0)
_PARTIAL = (COST_BASIS_PARTIAL,)


def book_trade(positions: Positions, trade: Trade, base_asset: str) -> TradeOutcome:
    """Book a trade into the positions (changed in place; empty ones are dropped) and give its result.

    The producer's own non-zero result replaces the derived one and makes the trade a close.
    """
    outcome = _derive(positions, trade, base_asset)
    if trade.pnl_override:
        return outcome._replace(pnl=trade.pnl_override, is_close=True)
    return outcome


def _derive(positions: Positions, trade: Trade, base_asset: str) -> TradeOutcome:
    unknown = () if trade.amount_out is not None else (AMOUNT_OUT_UNKNOWN,)
    if trade.asset_in == trade.asset_out:
        return TradeOutcome(0, is_close=False, volume=0, flags=(SELF_TRADE, *unknown))
    if trade.amount_out is None:
        return TradeOutcome(0, is_close=False, volume=0, flags=unknown)
    if trade.asset_in == base_asset:
        return _buy(positions, trade.asset_out, trade.amount_in, trade.amount_out)
    if trade.asset_out == base_asset:
        return _sell(positions, trade.asset_in, trade.amount_in, trade.amount_out)
    return _swap(positions, trade, trade.amount_out)


def _buy(positions: Positions, asset: str, paid: int, bought: int) -> TradeOutcome:
    if bought == 0:
        return TradeOutcome(-paid, is_close=True, volume=paid)
    _add(positions, asset, bought, paid)
    return TradeOutcome(0, is_close=False, volume=paid)


def _sell(positions: Positions, asset: str, sold: int, proceeds: int) -> TradeOutcome:
    held = positions.get(asset)
    if held is None:
        return TradeOutcome(0, is_close=False, volume=proceeds, flags=_PARTIAL)
    cost = _take(positions, asset, held, sold)
    known = _known_part(proceeds, held, sold)
    flags = _PARTIAL if sold > held.quantity else ()
    return TradeOutcome(known - cost, is_close=True, volume=proceeds, flags=flags)


def _swap(positions: Positions, trade: Trade, received: int) -> TradeOutcome:
    held = positions.get(trade.asset_in)
    if held is None or trade.amount_in == 0:
        return TradeOutcome(0, is_close=False, volume=0, flags=_PARTIAL)
    cost = _take(positions, trade.asset_in, held, trade.amount_in)
    known = _known_part(received, held, trade.amount_in)
    flags = _PARTIAL if trade.amount_in > held.quantity else ()
    if known == 0 and trade.asset_out not in positions:
        return TradeOutcome(-cost, is_close=True, volume=0, flags=flags)
    _add(positions, trade.asset_out, known, cost)
    return TradeOutcome(0, is_close=False, volume=0, flags=flags)


def _known_part(received: int, held: Position, sold: int) -> int:
    """What came for the quantity that was bought here; the excess has no known cost and no result."""
    return received if sold <= held.quantity else received * held.quantity // sold


def _take(positions: Positions, asset: str, held: Position, sold: int) -> int:
    """Remove up to `sold` of the asset and give the cost that goes with it, rounded down."""
    if sold >= held.quantity:
        del positions[asset]
        return held.cost
    cost = held.cost * sold // held.quantity
    positions[asset] = Position(held.quantity - sold, held.cost - cost)
    return cost


def _add(positions: Positions, asset: str, quantity: int, cost: int) -> None:
    held = positions.get(asset, _NOTHING)
    positions[asset] = Position(held.quantity + quantity, held.cost + cost)
