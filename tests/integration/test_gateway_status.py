"""Liveness, readiness and the state of the pipeline."""

from __future__ import annotations

import re

from protos.ingest.v1 import ingest_pb2
from tests.integration.gateway_stage import at, stage


async def test_health_says_that_the_process_lives_without_an_envelope():
    async with stage() as gateway:
        body = await gateway.get("/health")
        assert gateway.script.calls == []
    assert set(body) == {"status", "timestamp", "service"}
    assert (body["status"], body["service"]) == ("ok", "gateway")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["timestamp"])


async def test_ready_follows_the_services_health():
    async with stage() as gateway:
        assert await gateway.get("/ready") == {
            "success": True,
            "data": {"status": "ready", "services": {"vaults": "serving", "analytics": "serving"}},
        }
        await gateway.analytics.set_serving(False)
        body = await gateway.get("/ready", status=503)
        assert body["message"] == "not ready: analytics"
        assert body["error"]["code"] == "UPSTREAM_UNAVAILABLE"
        assert [detail["field"] for detail in body["error"]["details"]] == ["analytics"]
        await gateway.vaults.stop()
        body = await gateway.get("/ready", status=503)
        assert [detail["field"] for detail in body["error"]["details"]] == ["vaults", "analytics"]


def _pipeline(**changes) -> ingest_pb2.GetPipelineStatusResponse:
    return ingest_pb2.GetPipelineStatusResponse(
        delivered_block_number=77,
        delivered_event_count=12,
        pending_count=2,
        deferred_count=1,
        oldest_pending_age_ms=340,
        open_dead_letter_count=3,
        dead_letter_counts=[ingest_pb2.DeadLetterCount(reason="INVALID_PAYLOAD", count=3)],
        streams=[ingest_pb2.StreamStatus(stream="events", length=5, in_work=1)],
        last_snapshot_at=at(1_769_916_000),
        change_sequence=41,
        **changes,
    )


async def test_the_status_shows_the_pipeline_and_every_service():
    async with stage() as gateway:
        gateway.script.answers["GetPipelineStatus"] = _pipeline()
        assert await gateway.get("/api/status") == {
            "success": True,
            "data": {
                "status": "ok",
                "services": {"vaults": "serving", "analytics": "serving", "ingest": "serving"},
                "changeStream": "up",
                "pipeline": {
                    "deliveredBlockNumber": 77,
                    "deliveredEvents": 12,
                    "pendingEvents": 2,
                    "deferredEvents": 1,
                    "oldestPendingAgeMs": 340,
                    "openDeadLetters": 3,
                    "deadLettersByReason": {"INVALID_PAYLOAD": 3},
                    "streams": [{"stream": "events", "length": 5, "inWork": 1}],
                    "lastSnapshotAt": "2026-02-01T03:20:00.000Z",
                    "changeSequence": 41,
                    "redisReachable": True,
                    "deliveryFailing": False,
                    "chain": None,
                },
            },
        }


async def test_the_status_is_degraded_when_the_chain_says_otherwise_or_the_indexer_stopped_for_good():
    chain = ingest_pb2.ChainStatus(
        last_indexed_block=137, head_block=138, head_seen_at=at(1_769_916_000), outbox_count=2, verified_block=130
    )
    async with stage() as gateway:
        gateway.script.answers["GetPipelineStatus"] = _pipeline(chain=chain)
        data = (await gateway.get("/api/status"))["data"]
        assert data["status"] == "ok"
        assert data["pipeline"]["chain"] == {
            "lastIndexedBlock": 137,
            "headBlock": 138,
            "headSeenAt": "2026-02-01T03:20:00.000Z",
            "waitingJobs": 2,
            "openRewinds": 0,
            "fatal": None,
            "disagreements": 0,
            "verifiedBlock": 130,
            "verifiedAt": None,
        }
        for trouble in (ingest_pb2.ChainStatus(disagreement_count=1), ingest_pb2.ChainStatus(fatal="0xaa, 0xbb")):
            gateway.script.answers["GetPipelineStatus"] = _pipeline(chain=trouble)
            assert (await gateway.get("/api/status"))["data"]["status"] == "degraded"


async def test_the_status_is_degraded_but_answers_when_ingest_is_away():
    async with stage() as gateway:
        await gateway.ingest.stop()
        data = (await gateway.get("/api/status"))["data"]
    assert data["status"] == "degraded"
    assert data["services"] == {"vaults": "serving", "analytics": "serving", "ingest": "unavailable"}
    assert data["pipeline"] is None


async def test_the_status_does_not_repeat_texts_that_name_backends():
    async with stage() as gateway:
        gateway.script.answers["GetPipelineStatus"] = _pipeline(
            redis_error="Error 111 connecting to redis.internal:6379"
        )
        data = (await gateway.get("/api/status"))["data"]
    assert (data["status"], data["pipeline"]["redisReachable"]) == ("degraded", False)
    assert "redis.internal" not in str(data)
