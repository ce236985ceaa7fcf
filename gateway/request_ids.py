"""The id by which a caller and the logs speak of one request."""

from __future__ import annotations

import itertools
import re
import secrets

HEADER = "X-Request-Id"

_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,128}")


class RequestIds:
    """Echoes a well-formed id, else makes one that no other process makes."""

    def __init__(self) -> None:
        self._process = secrets.token_hex(8)
        self._numbers = itertools.count(1)

    def pick(self, given: str | None) -> str:
        """The caller's id if it is 1 to 128 of [A-Za-z0-9._-], else a new one."""
        if given is not None and _GIVEN.fullmatch(given):
            return given
        return f"{self._process}-{next(self._numbers):x}"
