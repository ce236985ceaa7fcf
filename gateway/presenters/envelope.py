"""What presenters of every subject use: the shape of an answer and of its pagination."""

from __future__ import annotations

from typing import Any, Protocol

from gateway.params import Page

Json = dict[str, Any]


class PagedResponse(Protocol):
    """An answer of a service that pages by token."""

    @property
    def total_size(self) -> int: ...

    @property
    def next_page_token(self) -> str: ...


def pagination(response: PagedResponse, page: Page) -> Json:
    """Pagination of a list that is paged by cursor only."""
    return {
        "total": response.total_size,
        "limit": page.limit,
        "hasMore": bool(response.next_page_token),
        "nextCursor": response.next_page_token or None,
    }
