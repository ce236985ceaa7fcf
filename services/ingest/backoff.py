"""Waiting longer after each failure, and logging less often."""

from __future__ import annotations

from redis.backoff import EqualJitterBackoff

# 2**16 times any base is beyond every cap; the bound keeps a week of failures from overflowing a float.
_LARGEST_EXPONENT = 16


class Backoff:
    """Counts failures in a row; the delay doubles up to a cap and at least half of it is kept by the jitter."""

    def __init__(self, *, base_seconds: float, cap_seconds: float) -> None:
        self._jitter = EqualJitterBackoff(cap=cap_seconds, base=base_seconds)
        self.failures = 0

    def next_delay(self) -> float:
        """Count one failure and return how many seconds to wait after it."""
        self.failures += 1
        return float(self._jitter.compute(min(self.failures - 1, _LARGEST_EXPONENT)))

    def worth_logging(self) -> bool:
        """True at the 1st, 2nd, 4th, 8th … failure, so that an outage of hours is a dozen lines."""
        return self.failures & (self.failures - 1) == 0

    def reset(self) -> None:
        """Forget the failures after a success."""
        self.failures = 0
