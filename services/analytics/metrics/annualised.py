"""The return that a window's growth would bring in a year."""

from decimal import Context, Decimal

from services.analytics.figures import growth_pct
from services.analytics.precision import GUARDED, HUNDRED, NOISE, ONE, RATIO, WIDE, ZERO

YEAR_SECONDS = 365 * 86_400
MIN_SECONDS = 30 * 86_400


def annualised_pct(price: Decimal, start: Decimal, seconds: int) -> Decimal:
    """100 * ((price / start)^(365 days / seconds) - 1), unclamped; for start > 0, price >= 0, seconds > 0."""
    growth = WIDE.divide(price, start)
    change = WIDE.subtract(growth, ONE)
    if not growth or change.copy_abs() <= NOISE:
        return growth_pct(price, start)
    # A growth of nearly 1 needs as many digits more as its difference from 1 is small.
    context = _with_digits(GUARDED.prec + max(0, -change.adjusted()))
    exponent = context.divide(Decimal(YEAR_SECONDS), Decimal(seconds))
    grown = context.power(context.plus(growth), exponent)
    return RATIO.multiply(HUNDRED, context.subtract(grown, ONE)) if grown else ZERO - HUNDRED


def _with_digits(digits: int) -> Context:
    context = GUARDED.copy()
    context.prec = digits
    return context
