"""What a handler works with, found in the application under one key."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from gateway.answers import Responder
from gateway.cache import Fetch, ResponseCache
from gateway.config import GatewaySettings
from gateway.upstream import Upstream


@dataclass(frozen=True, slots=True)
class Gateway:
    """Settings, services and cache (None when it is switched off)."""

    settings: GatewaySettings
    upstream: Upstream
    responder: Responder
    cache: ResponseCache | None

    async def respond(self, request: web.Request, key: str, fetch: Fetch) -> web.Response:
        """Render the answer under a canonical URL, from the cache or fetched."""
        if self.cache is None:
            return await self.responder.render(request, await fetch())
        self.cache.learn(request.raw_path, key)
        return await self.responder.render(request, await self.cache.get(key, fetch))


GATEWAY = web.AppKey("gateway", Gateway)
