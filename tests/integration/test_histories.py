"""Histories of generated ledgers in the real database: the last real value of every bucket, as the oracle has it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from libs.database import Pool, open_pool
from protos.analytics.v1 import performance_pb2 as pb
from services.analytics.refresh import refresh_figures
from services.analytics.servicer_performance import PerformanceServicer
from tests.integration.service_pair import ServicePair, event_of, id_of, service_pair
from tests.oracle.sending import DAY
from tests.oracle_metrics import Report, history, measure
from tests.oracle_metrics.history import RESOLUTIONS, Point, bucket
from tests.oracle_metrics.strategies import Scenario, scenarios
from tests.servers import Database

EXAMPLES = 20
PARTS = 12


def test_histories_are_the_oracles_at_every_resolution_and_range(database: Database) -> None:
    async def opened() -> tuple[Any, ServicePair, Any, Pool]:
        pair, pool = service_pair(database), open_pool(database.url("analytics"), name="history", max_size=1)
        return pair, await pair.__aenter__(), pool, await pool.__aenter__()

    with asyncio.Runner() as runner:
        of_pair, pair, of_pool, pool = runner.run(opened())

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(scenarios(), st.data())
        def try_one(scenario: Scenario, data: st.DataObject) -> None:
            runner.run(pair.clear())
            runner.run(check(pair, pool, scenario, data))

        try:
            try_one()
        finally:
            runner.run(of_pool.__aexit__(None, None, None))
            runner.run(of_pair.__aexit__(None, None, None))


async def check(pair: ServicePair, pool: Pool, scenario: Scenario, data: st.DataObject) -> None:
    """Compare drawn parts of every vault's history and of the sums over vaults."""
    await pair.deliver([event_of(job) for job in scenario.jobs])
    # Ranges end within any hour: nothing is thinned.
    await refresh_figures(pool, scenario.now, detail_days=100_000)
    report = measure(scenario.jobs, scenario.now)
    servicer = PerformanceServicer(pool)
    for part in data.draw(st.lists(parts_of(report), min_size=PARTS, max_size=PARTS)):
        asked = pb.HistoryRange(
            resolution=part.resolution, limit=part.limit, since=moment(part.since), until=moment(part.until)
        )
        for address in report.vaults:
            request = pb.GetVaultHistoryRequest(vault_id=id_of(address), range=asked)
            answer = await servicer.GetVaultHistory(request, None)
            assert answer.as_of.seconds == scenario.now
            points = points_of(report, [address], part)[address]
            found = [row for point in answer.points for row in shown(point, RESOLUTIONS[part.resolution])]
            assert found == [expected(point) for point in points]
        for asset in {vault.row.base_asset for vault in report.vaults.values()}:
            global_request = pb.GetGlobalHistoryRequest(range=asked, base_asset=asset)
            rows = (await servicer.GetGlobalHistory(global_request, None)).points
            sums = [(row.time.seconds, int(row.tvl), int(row.pnl), row.vault_count) for row in rows]
            assert sums == sums_of(report, asset, part)
            assert {row.base_asset for row in rows} <= {asset}


def parts_of(report: Report) -> st.SearchStrategy[Part]:
    """Any resolution; ends at, beside and between the events."""
    seconds = {one.time for vault in report.vaults.values() for one in vault.moments} | {report.now}
    beside = sorted(second + shift for second in seconds for shift in (-1, 0, 1))
    ends = st.none() | st.sampled_from(beside) | st.integers(beside[0] - DAY, beside[-1] + DAY)
    return st.builds(Part, st.sampled_from(sorted(RESOLUTIONS)), ends, ends, st.integers(1, 40))


class Part(NamedTuple):
    """Which part of a history: from `since` the first `limit` buckets, without it the last ones up to `until`."""

    resolution: str
    since: int | None
    until: int | None
    limit: int


def points_of(report: Report, addresses: Iterable[str], part: Part) -> dict[str, list[Point]]:
    """That part of the history of these vaults, which begins with the first event of any of them."""
    found: dict[str, list[Point]] = {address: [] for address in addresses}
    end = report.now if part.until is None else min(part.until, report.now)
    moments = {address: [one for one in report.vaults[address].moments if one.time <= end] for address in found}
    begin = min((seen[0].time for seen in moments.values() if seen), default=None)
    if begin is None or (part.since is not None and part.since > end):
        return found
    span, last = (part.limit - 1) * RESOLUTIONS[part.resolution], bucket(end, part.resolution)
    if part.since is None:
        first = max(bucket(begin, part.resolution), last - span)
    else:
        first = max(bucket(begin, part.resolution), bucket(part.since, part.resolution))
        last = min(last, first + span)
    return {address: history(seen, part.resolution, first, last, end) for address, seen in moments.items()}


def sums_of(report: Report, asset: str, part: Part) -> list[tuple[int, int, int, int]]:
    """The sums over the vaults of a base asset: start of the bucket, tvl, pnl, vaults."""
    own = [address for address, vault in report.vaults.items() if vault.row.base_asset == asset]
    sums: dict[int, tuple[int, int, int]] = {}
    for points in points_of(report, own, part).values():
        for point in points:
            tvl, pnl, vaults = sums.get(point.t, (0, 0, 0))
            sums[point.t] = (tvl + point.tvl, pnl + point.pnl, vaults + 1)
    return [(at, *row) for at, row in sorted(sums.items())]


def moment(seconds: int | None) -> Timestamp | None:
    """A time on the wire."""
    return None if seconds is None else Timestamp(seconds=max(0, seconds))


def shown(row: pb.HistoryPoint, size: int) -> list[tuple[Any, ...]]:
    """The buckets of a point of the answer; prices and drawdowns to 15 digits."""
    drawdown = None if not row.HasField("drawdown_pct") else near(Decimal(row.drawdown_pct))
    values = (near(Decimal(row.price)), int(row.equity), int(row.tvl), int(row.pnl), drawdown, row.follower_count)
    return [(row.time.seconds + number * size, *values) for number in range(row.bucket_count)]


def expected(point: Point) -> tuple[Any, ...]:
    """A point of the oracle, likewise."""
    price = near(Decimal(point.price.numerator) / Decimal(point.price.denominator))
    drawdown = None if point.drawdown is None else near(point.drawdown)
    return (point.t, price, point.equity, point.tvl, point.pnl, drawdown, point.followers)


def near(value: Decimal) -> str:
    """A number to 15 significant digits."""
    return f"{value:.14e}"
