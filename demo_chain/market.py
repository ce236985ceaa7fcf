"""What the demo's market consists of, and how prices and sizes are drawn: pure, from a random source given."""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

DOLLAR: Final = 10**18  # prices are in 1e-18 dollars per whole token


class Coin(NamedTuple):
    """A token of the demo."""

    symbol: str
    decimals: int
    dollars: int  # at the start


COINS: Final = (Coin("mUSD", 6, 1), Coin("WBTCx", 8, 64_000), Coin("WETHx", 18, 3_200), Coin("PAXx", 18, 12))
STABLE: Final = "mUSD"
BASES: Final = ("mUSD", "mUSD", "WETHx")  # what leaders choose, twice as often dollars

NAMES: Final = ("Alpha Momentum", "Steady Carry", "Tide & Moon", "Ether Basis", "北斗 Quant", "Night Desk")
# A NUL, bytes that are no UTF-8, markup, and no end in sight: a leader's free choice.
HOSTILE_NAME: Final = b"\x00<script>alert(1)</script>\xff\xfe'; --" + 20 * "𝕍ault ".encode()
NO_ASSET: Final = "0x000000000000000000000000000000000000dEaD"  # no code there
REASONS: Final = (b"drawdown above the limit", b"", b"manual review \xff", b"oracle deviates")

_STEP: Final = 0.012  # standard deviation of one price move
_DRIFT: Final = 0.0004


def moved(price: int, dollars: int, random: Random) -> int:
    """The next price of a token that began at `dollars`: a random step, between a fifth and five times the start."""
    step = round(random.gauss(_DRIFT, _STEP) * 10**9)
    start = dollars * DOLLAR
    return min(max(price + price * step // 10**9, start // 5), start * 5)


def units(dollars: int, price: int, decimals: int) -> int:
    """So much of a token in its smallest unit, rounded down; `price` in 1e-18 dollars."""
    return dollars * DOLLAR * int(10**decimals) // price


def part(amount: int, low: int, high: int, random: Random) -> int:
    """A share of an amount, between `low` and `high` thousandths of it."""
    return amount * random.randint(low, high) // 1000


def shown(amount: int, decimals: int) -> str:
    """An amount for people, with up to six places."""
    whole, rest = divmod(amount, 10**decimals)
    places = f"{rest:0{decimals}d}"[:6].rstrip("0")
    return f"{whole}.{places}" if places else str(whole)
