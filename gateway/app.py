"""The web application: routes, middleware and the change follower, over given services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from gateway.answers import Responder
from gateway.cache import ResponseCache
from gateway.changes import ChangeFollower
from gateway.config import GatewaySettings
from gateway.context import GATEWAY, Gateway
from gateway.cors import Cors
from gateway.middleware import SECURITY_HEADERS, Front, build_middleware
from gateway.routes import ROUTES
from gateway.upstream import Upstream


def build_app(settings: GatewaySettings, upstream: Upstream) -> web.Application:
    """The application, not started yet."""
    cors = Cors(settings.allowed_origins)
    gateway = Gateway(
        settings=settings,
        upstream=upstream,
        responder=Responder([*SECURITY_HEADERS, *cors.static_headers()]),
        cache=_build_cache(settings),
    )
    app = web.Application(middlewares=[build_middleware(Front(gateway, cors))])
    app[GATEWAY] = gateway
    app.router.add_routes(ROUTES)
    app.cleanup_ctx.append(_follow_changes)
    return app


def _build_cache(settings: GatewaySettings) -> ResponseCache | None:
    if settings.cache == "off":
        return None
    return ResponseCache(max_entries=settings.cache_max_entries, max_bytes=settings.cache_max_bytes)


async def _follow_changes(app: web.Application) -> AsyncIterator[None]:
    gateway = app[GATEWAY]
    if gateway.cache is None:
        yield
        return
    following = asyncio.create_task(ChangeFollower(gateway.upstream.ingest, gateway.cache).run())
    yield
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await gateway.cache.close()
