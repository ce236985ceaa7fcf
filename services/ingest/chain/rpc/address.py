"""A node's URL, and the name and texts under which it may appear in logs: without its credentials."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_SECRET_CHARACTERS = 6


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """Where a node is. Its text form and `repr` hold no path, query or login: keys are often in them."""

    url: str = field(repr=False)
    name: str  # host and port, and its place in the configured list

    @classmethod
    def parse(cls, url: str, place: int) -> NodeAddress:
        """ValueError, without the URL in it, unless it is http or https with a host."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        else:
            host = host if parts.scheme in ("http", "https") else None
        if not host:
            raise ValueError(f"number {place} of the RPC URLs is not http(s)://host…")
        return cls(url, f"{host}:{port}#{place}" if port else f"{host}#{place}")

    def redact(self, text: str) -> str:
        """The text of an error without what the URL keeps secret: nodes like to repeat a wrong key."""
        for secret in self._secrets():
            text = text.replace(secret, "***")
        return text

    def _secrets(self) -> list[str]:
        parts = urlsplit(self.url)
        pieces = [parts.username or "", parts.password or "", *re.split(r"[/&=]", f"{parts.path}&{parts.query}")]
        found = {form for piece in pieces for form in (piece, unquote(piece)) if len(form) >= _SECRET_CHARACTERS}
        return sorted(found, key=len, reverse=True)
