"""Exact fractions to decimals of 60 digits, and the roundings of published figures."""

from __future__ import annotations

from decimal import (
    MAX_EMAX,
    MIN_EMIN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from fractions import Fraction

RETURN_DIGITS = 40
OUT_OF_RANGE = Decimal(10) ** 15
LEGACY_LIMIT = Decimal("999999999999.99")


def _context(digits: int, rounding: str = ROUND_HALF_EVEN) -> Context:
    traps = [InvalidOperation, DivisionByZero, Overflow]
    return Context(prec=digits, rounding=rounding, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=traps)


CONTEXT = _context(60)
_RETURNS = _context(RETURN_DIGITS)
_ROOTS = _context(80)


def decimal(value: Fraction | int) -> Decimal:
    """The value to 60 significant digits."""
    return _divided(Fraction(value), CONTEXT)


def root(value: Fraction | int) -> Decimal:
    """The square root of a value >= 0."""
    return CONTEXT.plus(_ROOTS.sqrt(_divided(Fraction(value), _ROOTS)))


def power(base: Fraction, exponent: Fraction) -> Decimal:
    """`base` >= 0 to the power of `exponent` > 0."""
    if base == 0:
        return Decimal(0)
    return CONTEXT.plus(_ROOTS.power(_divided(base, _ROOTS), _divided(exponent, _ROOTS)))


def change(before: Fraction, after: Fraction) -> Decimal:
    """after/before - 1, the quotient to 40 significant digits, which decides when two returns are equal."""
    return CONTEXT.subtract(_divided(after / before, _RETURNS), Decimal(1))


def published(value: Decimal, digits: int = 15) -> Decimal:
    """The value to `digits` significant digits, half away from zero."""
    return _context(digits, ROUND_HALF_UP).plus(value)


def legacy(value: Decimal | None) -> Decimal:
    """A legacy number: two decimals, half away from zero, clamped to ±999999999999.99, 0 when undefined."""
    if value is None:
        return Decimal("0.00")
    clamped = max(-LEGACY_LIMIT, min(LEGACY_LIMIT, value))
    return clamped.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP, context=_ROOTS)


def _divided(value: Fraction, context: Context) -> Decimal:
    return context.divide(Decimal(value.numerator), Decimal(value.denominator))
