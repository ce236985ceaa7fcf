"""The one place that says what every published figure means: name, formula, unit, why it may be null, version."""

from dataclasses import dataclass, replace
from typing import Final

# Raised whenever a formula, a rule or a null reason changes.
METRICS_VERSION: Final = 1
RISK_VERSION: Final = 1

LIQUIDATED: Final = "liquidated"
NO_CLOSES: Final = "no_closes"
NO_DEPOSITS: Final = "no_deposits"
NO_DOWN_DAY: Final = "no_down_day"
NO_DRAWDOWN: Final = "no_drawdown"
NO_FOLLOWERS: Final = "no_followers"
NO_LOSSES: Final = "no_losses"
NO_VARIANCE: Final = "no_variance"
NOT_RANKED: Final = "not_ranked"
NOT_REFRESHED: Final = "not_refreshed"
OUT_OF_RANGE: Final = "out_of_range"
TOO_FEW_DAYS: Final = "too_few_days"

NULL_REASONS: Final = {
    LIQUIDATED: "the window starts after the vault was liquidated, at a price of 0",
    NO_CLOSES: "no trade closed a position",
    NO_DEPOSITS: "nobody has deposited yet",
    NO_DOWN_DAY: "no day had a loss",
    NO_DRAWDOWN: "the price never fell below its peak",
    NO_FOLLOWERS: "no wallet has ever followed",
    NO_LOSSES: "no trade had a loss",
    NO_VARIANCE: "all daily returns are equal",
    NOT_RANKED: "not on this board: its figure is not defined, or it has no vault of this base asset",
    NOT_REFRESHED: "not worked out yet: the next refresh does it",
    OUT_OF_RANGE: "beyond 10^15 in size",
    TOO_FEW_DAYS: "fewer than 30 days are covered",
}

PERCENT: Final = "percent"
RATIO: Final = "ratio"
AMOUNT: Final = "smallest unit of the base asset"
PRICE: Final = "base asset per unit, 1 at the start"
COUNT: Final = "count"
POINTS: Final = "points"
TIME: Final = "time (UTC)"
DAYS: Final = "days of 86400 seconds"
FLAG: Final = "true or false"
NAME: Final = "name"


@dataclass(frozen=True, slots=True)
class Definition:
    """A figure under the name it has in answers; `null_reasons` are the keys of NULL_REASONS that it may carry.

    `windowed` says that each window has its own value. Without null_reasons a figure is never null, unless its
    formula says when.
    """

    name: str
    formula: str
    unit: str
    null_reasons: tuple[str, ...] = ()
    windowed: bool = False
    version: int = METRICS_VERSION


_PRICE = "P is the price of a vault's unit: 1 at first, times (Q + result) / Q at each result, unmoved by flows"

_RETURNS = (
    Definition(
        "roiPct",
        f"100 * (P_end / P_start - 1) over (start, now], from the first deposit if that is later; {_PRICE}; a "
        "vault that was liquidated stays at -100",
        PERCENT,
        (NO_DEPOSITS, LIQUIDATED, OUT_OF_RANGE),
        windowed=True,
    ),
    Definition(
        "annualisedPct",
        "100 * ((P_end / P_start)^(365 / coverageDays) - 1), from 30 covered days",
        PERCENT,
        (NO_DEPOSITS, LIQUIDATED, TOO_FEW_DAYS, OUT_OF_RANGE),
        windowed=True,
    ),
    Definition(
        "pnl",
        "equity at the end - equity at the start - deposits + withdrawals + settled parts of (start, now]",
        AMOUNT,
        windowed=True,
    ),
    Definition("volume", "sum of the base-asset side of the window's trades", AMOUNT, windowed=True),
    Definition(
        "maxDrawdownPct",
        "100 * max(1 - P_t / highest P up to t), over the price at the start and after every event of the window",
        PERCENT,
        (NO_DEPOSITS, LIQUIDATED),
        windowed=True,
    ),
    Definition(
        "currentDrawdownPct",
        "100 * (1 - P_end / highest P of the window)",
        PERCENT,
        (NO_DEPOSITS, LIQUIDATED),
        windowed=True,
    ),
    Definition(
        "peakAt",
        "when the price before the deepest fall was highest; of equals the earliest",
        TIME,
        (NO_DEPOSITS, LIQUIDATED, NO_DRAWDOWN),
        windowed=True,
    ),
    Definition(
        "troughAt",
        "when the deepest fall was reached; of equals the earliest",
        TIME,
        (NO_DEPOSITS, LIQUIDATED, NO_DRAWDOWN),
        windowed=True,
    ),
)

_DAILY = (
    Definition(
        "volatilityPct",
        "100 * std(r, ddof 1) * sqrt(365); r = close / previous close - 1 of each complete UTC day before today on "
        "which units existed; the last 30, 90 or 365 days, or all since the first deposit; at least 30 returns",
        PERCENT,
        (TOO_FEW_DAYS, OUT_OF_RANGE),
        windowed=True,
    ),
    Definition(
        "sharpe",
        "mean(r) / std(r, ddof 1) * sqrt(365), r as for volatilityPct, no risk-free rate",
        RATIO,
        (TOO_FEW_DAYS, NO_VARIANCE, OUT_OF_RANGE),
        windowed=True,
    ),
    Definition(
        "sortino",
        "mean(r) / sqrt(mean(min(r, 0)^2)) * sqrt(365), the mean over all days, r as for volatilityPct",
        RATIO,
        (TOO_FEW_DAYS, NO_DOWN_DAY, OUT_OF_RANGE),
        windowed=True,
    ),
    Definition(
        "calmar",
        "annualisedPct / maxDrawdownPct of the window, from 30 daily returns",
        RATIO,
        (NO_DEPOSITS, LIQUIDATED, TOO_FEW_DAYS, NO_DRAWDOWN, OUT_OF_RANGE),
        windowed=True,
    ),
)

_TRADES = (
    Definition("closedWinRatePct", "100 * trades with a result above 0 / closes", PERCENT, (NO_CLOSES,), windowed=True),
    Definition(
        "profitFactor",
        "sum of the results above 0 / |sum of the results below 0|",
        RATIO,
        (NO_LOSSES, OUT_OF_RANGE),
        windowed=True,
    ),
    Definition("winRate", "100 * trades with a result above 0 / all trades, 0 without trades, two decimals", PERCENT),
    Definition("totalTrades", "number of trades", COUNT),
    Definition("profitableTrades", "number of trades with a result above 0", COUNT),
    Definition(
        "pnlAmount",
        "a trade's result by average cost in the base asset, or the producer's own result where it gave one",
        AMOUNT,
    ),
    Definition("isProfit", "pnlAmount > 0", FLAG),
    Definition("isClose", "whether the trade closed (a part of) a position", FLAG),
)

_COVERAGE = (
    Definition("partial", "whether the vault is younger than the window; never for all", FLAG, windowed=True),
    Definition(
        "coverageDays",
        "(now - the later of the window's start and the first deposit) / 86400; 0 without a deposit",
        DAYS,
        windowed=True,
    ),
)

_VAULT = (
    Definition("roi", "roiPct of all, two decimals, 0 without a deposit, at most 999999999999.99 in size", PERCENT),
    Definition("drawdown", "maxDrawdownPct of all, two decimals, 0 without a deposit", PERCENT),
    Definition("tvl", "sum of the followers' deposits at their nominal amounts", AMOUNT),
    Definition("equity", "Q + R: what units own plus what belongs to no unit, signed", AMOUNT),
    Definition("netDeposits", "deposits - withdrawals - settled parts", AMOUNT),
    Definition(
        "unitPrice", f"P of the current epoch; {_PRICE}; a deposit after a liquidation starts at 1 again", PRICE
    ),
    Definition("epoch", "1 + number of deposits that followed a liquidation at a price of 0", COUNT),
    Definition("epochRoiPct", "100 * (P - 1) of the current epoch", PERCENT, (NO_DEPOSITS, OUT_OF_RANGE)),
    Definition("unallocatedEquity", "floor(O) + R: equity that no follower holds, signed", AMOUNT),
    Definition("highWaterMark", "highest P of the first epoch, at least 1", PRICE),
    Definition("ageDays", "(time of the last refresh - createdAt) / 86400, at least 0", DAYS, (NOT_REFRESHED,)),
    Definition("status", "LIQUIDATED if a result or a cut used up Q once, else PAUSED while frozen, else ACTIVE", NAME),
    Definition("monthlyFee", "0: no event carries a fee", AMOUNT),
    Definition("createdAt", "time of the deployment", TIME),
    Definition("lastTradeAt", "time of the latest trade, null before the first", TIME),
)

_RISK = (
    Definition(
        "riskScore",
        "argus + drawdown + volatility part, rounded half up, 0 (safe) to 100; up to 40 safe, up to 75 moderate, "
        "above high",
        POINTS,
        version=RISK_VERSION,
    ),
    Definition("risk.argus", "50 * (1 - argusScore / 1000), the score held to 0..1000", POINTS, version=RISK_VERSION),
    Definition("risk.drawdown", "30 * min(1, maxDrawdownPct of all / 50), 0 if unknown", POINTS, version=RISK_VERSION),
    Definition(
        "risk.volatility", "20 * min(1, volatilityPct of 30d / 100), 0 if unknown", POINTS, version=RISK_VERSION
    ),
    Definition("argusScore", "the oracle's latest score of a leader, 0..1000; below 600 a leader can't trade", POINTS),
)

_FOLLOWERS = (
    Definition("follower.depositedAmount", "deposits at their nominal amount less withdrawals, at least 0", AMOUNT),
    Definition("follower.equity", "floor(v): the follower's part of Q; a result scales every v alike", AMOUNT),
    Definition("follower.pnl", "equity + withdrawn + settled - deposited", AMOUNT),
    Definition(
        "follower.roiPct",
        "100 * pnl before rounding / deposited in total",
        PERCENT,
        (NO_DEPOSITS, OUT_OF_RANGE),
    ),
    Definition(
        "profitableFollowersPct",
        "100 * followers with a pnl above 0 before rounding / all followers listed, those who left included",
        PERCENT,
        (NO_FOLLOWERS,),
    ),
    Definition("subscribedAt", "time of the deposit that opened the running subscription, null without one", TIME),
    Definition(
        "joinedAt",
        "earliest deployment, settlement or flow above 0 that names the wallet, else the first score's time",
        TIME,
    ),
)

_PLATFORM = (
    Definition("tvlByAsset", "sum of the tvl of ACTIVE vaults of a base asset", AMOUNT),
    Definition("netFlow", "deposits - withdrawals - settled parts of (start, now], over all vaults", AMOUNT),
    Definition(
        "history.drawdown",
        "100 * (1 - P / highest P up to then) of the first epoch at the end of a bucket",
        PERCENT,
        (NO_DEPOSITS,),
    ),
)

_BOARDS = (
    Definition(
        "rank",
        "place from 1 among those whose figure is defined, largest first; ties by tvl, then oldest, then lower-case "
        "address, then base asset; for reputation by joinedAt, then lower-case wallet",
        COUNT,
        (NOT_RANKED,),
    ),
    Definition("value", "the figure that a board ranks by", NAME, (NOT_RANKED,)),
    Definition(
        "previousRank", "rank on the same board at the first refresh of the UTC day, null if it was not on it", COUNT
    ),
)


def _complete(definition: Definition) -> Definition:
    """Every figure of a window waits for its vault's first refresh."""
    if not definition.windowed:
        return definition
    return replace(definition, null_reasons=(*definition.null_reasons, NOT_REFRESHED))


DEFINITIONS: Final = {
    definition.name: _complete(definition)
    for group in (_RETURNS, _DAILY, _TRADES, _COVERAGE, _VAULT, _RISK, _FOLLOWERS, _PLATFORM, _BOARDS)
    for definition in group
}
