"""Decimal contexts of the fold: how many digits each kind of number keeps, and what counts as rounding noise."""

from decimal import (
    MAX_EMAX,
    MIN_EMIN,
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)

RATIO_DIGITS = 50
GUARDED_DIGITS = 80
RETURN_DIGITS = 40
WIDE_DIGITS = 400
SUM_DIGITS = 2000
ROUGH_DIGITS = 30
POINT_DIGITS = 240

ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)

# Two wide numbers closer than this (relative to the larger) are the same number: an exact calculation
# on uint256 amounts differs by far more, WIDE rounding by far less.
NOISE = Decimal("1e-200")


def _context(digits: int, rounding: str) -> Context:
    return Context(
        prec=digits,
        rounding=rounding,
        Emax=MAX_EMAX,
        Emin=MIN_EMIN,
        traps=[InvalidOperation, DivisionByZero, Overflow],
    )


# What is published or stored for others: prices and ratios.
RATIO = _context(RATIO_DIGITS, ROUND_HALF_EVEN)

# Steps on the way to a ratio.
GUARDED = _context(GUARDED_DIGITS, ROUND_HALF_EVEN)

# Daily returns: enough digits for any figure, few enough that returns which are equal stay equal.
RETURN = _context(RETURN_DIGITS, ROUND_HALF_EVEN)

# What the fold carries from event to event. The digits beyond 120 are for ledgers that lose nearly everything
# and win it back: each such swing over the whole uint256 range costs a follower's value 78 of them.
WIDE = _context(WIDE_DIGITS, ROUND_HALF_EVEN)

# The prices of price points: enough digits to tell apart what NOISE tells apart.
POINT = _context(POINT_DIGITS, ROUND_HALF_EVEN)

# Sums of daily returns and of their squares, of which differences are taken: exact within any range that occurs.
EXACT = _context(SUM_DIGITS, ROUND_HALF_EVEN)

# Comparisons that need not be exact, only fast.
ROUGH = _context(ROUGH_DIGITS, ROUND_HALF_EVEN)

# Sums of wide numbers, exact unless their sizes differ by more than 1e1600. Beyond that the total is rounded up
# and its parts are rounded down, so that a total is never less than what it consists of.
TOTAL = _context(SUM_DIGITS, ROUND_CEILING)
PART = _context(SUM_DIGITS, ROUND_FLOOR)


def ratio(value: Decimal) -> Decimal:
    """The value rounded to the 50 digits of published prices and ratios."""
    return RATIO.plus(value)
