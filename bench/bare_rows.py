"""The least that taking jobs in can cost: the same rows into one table, without and with a Redis stream before it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
from redis import Redis

from services.ingest.chain.job import Job, encode_job

BATCH = 500
_STREAM, _GROUP = "bench:events", "bench"


def create_tables(database_url: str, answers: Mapping[str, Mapping[str, Any]]) -> None:
    """Make the tables of all bare measurements anew; the recorded answers go into theirs."""
    with psycopg.connect(database_url) as conn:
        conn.execute("DROP TABLE IF EXISTS answers, trades")
        conn.execute("CREATE TABLE answers (path text PRIMARY KEY, body bytea NOT NULL)")
        conn.execute(
            """
            CREATE TABLE trades (
                identity text PRIMARY KEY, vault text NOT NULL, asset_in text NOT NULL, asset_out text NOT NULL,
                amount_in numeric(78, 0) NOT NULL, amount_out numeric(78, 0) NOT NULL, pnl numeric(78, 0) NOT NULL,
                transaction_hash text NOT NULL, log_index integer NOT NULL, block_number bigint NOT NULL,
                executed_at timestamptz NOT NULL
            )
            """
        )
        with conn.cursor() as cursor:
            rows = [(path, answer["body"].encode()) for path, answer in answers.items()]
            cursor.executemany("INSERT INTO answers (path, body) VALUES (%s, %s)", rows)


def inserts_per_second(database_url: str, jobs: Sequence[Job]) -> float:
    """Trades inserted per second in batches, each one transaction."""
    with psycopg.connect(database_url) as conn:
        conn.execute("TRUNCATE trades")
        conn.commit()
        began = time.perf_counter()
        for start in range(0, len(jobs), BATCH):
            _insert(conn, [(job.task_id, job.kwargs) for job in jobs[start : start + BATCH]])
            conn.commit()
        return len(jobs) / (time.perf_counter() - began)


def intake_per_second(database_url: str, redis_url: str, jobs: Sequence[Job]) -> float:
    """Trades per second from a filled stream into the table: read, decode, insert, commit, acknowledge."""
    with psycopg.connect(database_url) as conn, Redis.from_url(redis_url, protocol=2) as redis:
        conn.execute("TRUNCATE trades")
        conn.commit()
        redis.delete(_STREAM)
        fill(redis, _STREAM, map(encode_job, jobs))
        redis.xgroup_create(_STREAM, _GROUP, "0")
        began = time.perf_counter()
        while entries := _read(redis):
            envelopes = [orjson.loads(fields[b"data"]) for _, fields in entries]
            _insert(conn, [(envelope["task_id"], envelope["kwargs"]) for envelope in envelopes])
            conn.commit()
            ids = [entry_id for entry_id, _ in entries]
            redis.xack(_STREAM, _GROUP, *ids)
            redis.xdel(_STREAM, *ids)
        elapsed = time.perf_counter() - began
        redis.delete(_STREAM)
        return len(jobs) / elapsed


def fill(redis: Redis, stream: str, entries: Iterable[bytes]) -> None:
    """Add entries to a stream, pipelined."""
    pipeline = redis.pipeline(transaction=False)
    for number, entry in enumerate(entries, 1):
        pipeline.xadd(stream, {"data": entry})
        if number % 1_000 == 0:
            pipeline.execute()
    pipeline.execute()


def _read(redis: Redis) -> list[tuple[bytes, dict[bytes, bytes]]]:
    reply: Any = redis.xreadgroup(_GROUP, "one", {_STREAM: ">"}, count=BATCH)
    return [entry for _, entries in reply for entry in entries]


def _insert(conn: psycopg.Connection[Any], trades: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    bodies = [body for _, body in trades]
    conn.execute(
        """
        INSERT INTO trades
        SELECT * FROM unnest(
            %(identities)s::text[], %(vaults)s::text[], %(assets_in)s::text[], %(assets_out)s::text[],
            %(amounts_in)s::numeric[], %(amounts_out)s::numeric[], %(pnls)s::numeric[], %(transactions)s::text[],
            %(logs)s::integer[], %(blocks)s::bigint[], %(times)s::timestamptz[]
        )
        ON CONFLICT DO NOTHING
        """,
        {
            "identities": [identity for identity, _ in trades],
            "vaults": [body["vaultAddress"] for body in bodies],
            "assets_in": [body["assetIn"] for body in bodies],
            "assets_out": [body["assetOut"] for body in bodies],
            "amounts_in": [body["amountIn"] for body in bodies],
            "amounts_out": [body["amountOut"] for body in bodies],
            "pnls": [body["pnlAmount"] for body in bodies],
            "transactions": [body["txHash"] for body in bodies],
            "logs": [body["logIndex"] for body in bodies],
            "blocks": [body["blockNumber"] for body in bodies],
            "times": [datetime.fromtimestamp(body["timestamp"], UTC) for body in bodies],
        },
    )
