"""Figures that follow from a vault's state alone, without a clock."""

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from services.analytics.definitions import NO_CLOSES, NO_DEPOSITS, NO_FOLLOWERS, NO_LOSSES, OUT_OF_RANGE
from services.analytics.followers import FollowerState
from services.analytics.precision import HUNDRED, NOISE, ONE, RATIO, WIDE, ZERO, ratio
from services.analytics.state import VaultState

RATIO_LIMIT = Decimal("1e15")
LEGACY_LIMIT = Decimal("999999999999.99")

# A value within 1e-20 below an integer is that integer: what is missing is rounding.
FLOOR_SLACK = Decimal("1e-20")


class Figure(NamedTuple):
    """A ratio (50 digits) or, when it has no value, the reason why."""

    value: Decimal | None
    reason: str | None = None


class FollowerFigures(NamedTuple):
    """A follower's equity and pnl (integers in the base asset), return, and whether its exact pnl is above 0."""

    equity: int
    pnl: int
    roi_pct: Figure
    is_profitable: bool


def published(value: Decimal) -> Figure:
    """A defined ratio as it is published; beyond 10^15 it is null."""
    return Figure(None, OUT_OF_RANGE) if value.copy_abs() > RATIO_LIMIT else Figure(value)


def legacy_number(value: Decimal | None) -> Decimal:
    """A legacy field: two decimals, half away from zero, clamped to +-999999999999.99, 0 for unknown."""
    if value is None:
        return Decimal("0.00")
    clamped = max(-LEGACY_LIMIT, min(LEGACY_LIMIT, value))
    # Adding 0 turns -0.00 into 0.00.
    return clamped.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP, context=WIDE) + ZERO


def unit_price(state: VaultState) -> Decimal:
    """P, rounded to 50 digits."""
    return ratio(state.price)


def growth_pct(price: Decimal, start: Decimal = ONE) -> Decimal:
    """100 * (price / start - 1) for start > 0, unclamped, rounded to 50 digits."""
    change = WIDE.subtract(WIDE.divide(price, start), ONE)
    return RATIO.multiply(HUNDRED, change) if change.copy_abs() > NOISE else ZERO


def roi_all(state: VaultState) -> Decimal | None:
    """Return in percent since the first deposit, unclamped; -100 for ever after a liquidation, None without deposit."""
    if state.first_deposit_at is None:
        return None
    return growth_pct(state.first_epoch_price)


def epoch_roi(state: VaultState) -> Decimal | None:
    """Return in percent of the current epoch, unclamped; None without deposit."""
    if state.first_deposit_at is None:
        return None
    return growth_pct(state.price)


def roi_pct(state: VaultState) -> Figure:
    """ROI(all) as published."""
    return _of_deposits(roi_all(state))


def epoch_roi_pct(state: VaultState) -> Figure:
    """The return of the current epoch as published."""
    return _of_deposits(epoch_roi(state))


def pnl_all(state: VaultState) -> int:
    """PnL(all) = equity - deposits + withdrawals + settled parts."""
    return state.equity - state.flows.net_deposits


def max_drawdown_pct(state: VaultState) -> Figure:
    """The deepest fall of the first epoch's price, 0..100; its times are in `state.drawdown`."""
    if state.drawdown is None:
        return Figure(None, NO_DEPOSITS)
    return Figure(RATIO.multiply(HUNDRED, state.drawdown.deepest))


def current_drawdown_pct(state: VaultState) -> Figure:
    """How far the first epoch's price is below its peak now, 0..100."""
    if state.drawdown is None:
        return Figure(None, NO_DEPOSITS)
    return Figure(RATIO.multiply(HUNDRED, state.drawdown.below_peak(state.first_epoch_price)))


def high_water_mark(state: VaultState) -> Decimal:
    """The highest price of the first epoch, at least 1."""
    return ONE if state.drawdown is None else ratio(state.drawdown.peak)


def win_rate(state: VaultState) -> Decimal:
    """Legacy winRate: 100 * wins / all trades, 0 without trades."""
    return _percent(state.trades.wins, state.trades.trades) if state.trades.trades else ZERO


def closed_win_rate_pct(state: VaultState) -> Figure:
    """100 * wins / closes of all trades."""
    return wins_per_close(state.trades.wins, state.trades.closes)


def wins_per_close(wins: int, closes: int) -> Figure:
    """100 * wins / closes."""
    return Figure(_percent(wins, closes)) if closes else Figure(None, NO_CLOSES)


def profit_factor(state: VaultState) -> Figure:
    """Gains / |losses| of all trades."""
    return gains_per_loss(state.trades.gains, state.trades.losses)


def gains_per_loss(gains: int, losses: int) -> Figure:
    """gains / |losses|, for gains >= 0 and losses <= 0."""
    if not losses:
        return Figure(None, NO_LOSSES)
    return published(RATIO.divide(Decimal(gains), Decimal(-losses)))


def profitable_followers_pct(profitable: int, listed: int) -> Figure:
    """100 * followers with an exact pnl above 0 / followers listed, those who left included."""
    return Figure(_percent(profitable, listed)) if listed else Figure(None, NO_FOLLOWERS)


def unallocated_equity(state: VaultState) -> int:
    """Equity that no follower holds: floor(O + 1e-20) + R, signed."""
    return _floored(orphan_value(state)) + state.unowned


def orphan_value(state: VaultState) -> Decimal:
    """O, the owned equity that nobody holds, to about 400 digits."""
    return state.pool.value_of(state.pool.orphan, state.owned)


def follower_value(state: VaultState, follower: FollowerState) -> Decimal:
    """v, the follower's part of the owned equity, to about 400 digits."""
    return state.pool.value_of(state.pool.shares_of(follower), state.owned)


def exact_pnl(state: VaultState, follower: FollowerState) -> Decimal:
    """v + withdrawn + settled - deposited, to about 400 digits; 0 within rounding noise."""
    pnl = WIDE.subtract(follower_value(state, follower), Decimal(follower.net_paid_in))
    return pnl if pnl.copy_abs() > NOISE else ZERO


def follower_figures(state: VaultState, follower: FollowerState) -> FollowerFigures:
    """What is published about a follower: pnl from the floored equity, the return from the exact pnl."""
    equity = _floored(follower_value(state, follower))
    exact = exact_pnl(state, follower)
    if follower.deposited_total:
        roi = published(RATIO.divide(WIDE.multiply(HUNDRED, exact), Decimal(follower.deposited_total)))
    else:
        roi = Figure(None, NO_DEPOSITS)
    return FollowerFigures(equity, equity - follower.net_paid_in, roi, is_profitable=exact > 0)


def _of_deposits(value: Decimal | None) -> Figure:
    return Figure(None, NO_DEPOSITS) if value is None else published(value)


def _percent(part: int, whole: int) -> Decimal:
    return RATIO.divide(Decimal(100 * part), Decimal(whole))


def _floored(value: Decimal) -> int:
    return int(WIDE.add(value, FLOOR_SLACK).to_integral_value(ROUND_FLOOR))
