"""How patient and how demanding the chain reader is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReaderOptions:
    """Limits and delays; the defaults suit public nodes and local ones."""

    timeout_seconds: float = 20.0  # of one HTTP exchange
    max_reply_bytes: int = 64 * 2**20
    start_concurrency: int = 4  # exchanges at once, per endpoint
    most_concurrency: int = 32
    start_batch: int = 25  # JSON-RPC requests in one exchange
    most_batch: int = 400
    start_span: int = 1000  # blocks in one eth_getLogs
    most_span: int = 20_000
    attempts: int = 8  # of one request at one endpoint
    retry_base_seconds: float = 0.1
    retry_cap_seconds: float = 2.0
    breaker_failures: int = 6  # exchanges without an answer in a row until an endpoint is left alone
    breaker_base_seconds: float = 1.0
    breaker_cap_seconds: float = 30.0
    patience_seconds: float = 5.0  # a longer Retry-After makes an endpoint unusable meanwhile
    second_look_seconds: float = 0.3  # before asking again for logs that seem to be missing
    trust_blooms: bool = True  # off for a chain whose logsBloom covers more than its logs
    recent_blocks: int = 16  # below the head, where a node's logs may lag behind its blocks
    lag_blocks: int = 3  # behind the other endpoints, from where on an endpoint is not preferred
    survey_seconds: float = 30.0  # between comparisons of all endpoints' heads
    stale_seconds: float = 5.0  # without a new head until the other endpoints are asked
    call_gas: int = 10_000_000  # of one eth_call: a hostile view shall not keep a node busy
