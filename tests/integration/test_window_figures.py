"""Figures of windows on their way into the vaults service, and the risk score that counts the volatility."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from libs.errors import InvalidArgument
from protos.events.v1 import performance_pb2
from protos.vaults.v1 import vaults_pb2 as pb
from services.analytics.definitions import RISK_VERSION as REFERENCE_VERSION
from services.analytics.metrics.risk import risk_score
from services.vaults.domain import RISK_VERSION
from services.vaults.listing import WINDOWS
from tests.integration.service_pair import ServicePair, event_of, id_of, scored, service_pair
from tests.oracle.jobs import LEADER, VAULT, deployed, flow, trade, tx
from tests.servers import Database


def windows(number: int, vault: str = VAULT, **of_30_days: Any) -> performance_pb2.VaultWindowFigures:
    """All windows of a vault, unknown but for those of 30 days."""
    message = performance_pb2.VaultWindowFigures(vault_id=id_of(vault), refresh_number=number)
    for window in WINDOWS:
        known = of_30_days if window == "30d" else {}
        message.windows.add(**({"window": window, "pnl": "0", "volume": "0"} | known))
    return message


async def update(pair: ServicePair, *figures: performance_pb2.VaultWindowFigures) -> int:
    response = await pair.vaults.UpdateWindowFigures(pb.UpdateWindowFiguresRequest(figures=figures), None)
    return int(response.updated_count)


async def roi_of_30_days(pair: ServicePair) -> list[str]:
    cursor = await pair.admin.execute("SELECT roi_pct::text FROM vaults.vault_windows WHERE window_name = '30d'")
    return [roi for (roi,) in await cursor.fetchall()]


async def test_the_newest_refresh_wins_and_unknown_vaults_are_ignored(database: Database) -> None:
    async with service_pair(database) as pair:
        await pair.apply([event_of(deployed())])
        assert await update(pair) == 0
        assert await update(pair, windows(2, roi_pct="2"), windows(3, roi_pct="3"), windows(1, roi_pct="1")) == 1
        assert await roi_of_30_days(pair) == ["3"]
        assert await update(pair, windows(3, roi_pct="9")) == 0
        assert await update(pair, windows(4, roi_pct="4"), windows(4, "0x" + "99" * 20)) == 1
        assert await roi_of_30_days(pair) == ["4"]
        assert await update(pair, windows(5)) == 1
        assert await roi_of_30_days(pair) == [None]


async def test_a_vault_that_is_taken_back_takes_its_windows_with_it(database: Database) -> None:
    async with service_pair(database) as pair:
        block_hash = tx(77)
        await pair.apply([event_of(deployed(blockHash=block_hash))])
        assert await update(pair, windows(7, roi_pct="1")) == 1
        assert await pair.rewind({block_hash: 1}, []) == [VAULT]
        assert await roi_of_30_days(pair) == []
        # Known again it starts anew: what an older refresh said of it is news.
        await pair.apply([event_of(deployed(5))])
        assert await update(pair, windows(7, roi_pct="1")) == 1


MALFORMED: list[dict[str, Any]] = [
    {"window": "31d"},
    {"pnl": ""},
    {"volume": "-1"},
    {"roi_pct": "NaN"},
    {"volatility_pct": "Infinity"},
    {"sharpe": ""},
]


async def test_malformed_windows_are_refused_with_their_place(database: Database) -> None:
    too_few = windows(1)
    del too_few.windows[-1]
    async with service_pair(database) as pair:
        for bad in [too_few, windows(2**63), *(windows(1, **fields) for fields in MALFORMED)]:
            with pytest.raises(InvalidArgument) as caught:
                await update(pair, windows(1), bad)
            assert [violation.field for violation in caught.value.violations] == ["figures[1]"], bad


async def risk_of(pair: ServicePair) -> pb.Risk:
    response = await pair.vaults.GetVault(pb.GetVaultRequest(vault_id=id_of(VAULT)), None)
    (listed,) = (await pair.vaults.ListVaults(pb.ListVaultsRequest(), None)).vaults
    assert listed.risk_score == response.vault.risk_score == response.risk.score
    return response.risk


@pytest.mark.parametrize(
    ("argus", "volatility", "score", "parts"),
    [
        # The last golden vector's 10 + 2.97… + 2.80…, with a drawdown of 5 instead of 0.4950….
        (800, "14.0454165713185", 16, ("10", "3", "2.8090833142637")),
        (800, None, 13, ("10", "3", "0")),
        (1000, "7.5", 5, ("0", "3", "1.5")),
        (0, "1e17", 73, ("50", "3", "20")),
    ],
)
async def test_the_risk_score_is_the_half_up_sum_of_its_three_parts(
    database: Database, argus: int, volatility: str | None, score: int, parts: tuple[str, ...]
) -> None:
    jobs = [deployed(), flow(1, "A", "DEPOSIT", 1_000), trade(2, -50), scored(LEADER, argus)]
    async with service_pair(database) as pair:
        await pair.apply([event_of(job) for job in jobs])
        await update(pair, windows(1, volatility_pct=volatility))
        risk = await risk_of(pair)
        assert (risk.score, risk.version) == (score, 1)
        assert tuple(map(Decimal, (risk.argus, risk.drawdown, risk.volatility))) == tuple(map(Decimal, parts))
        reference = risk_score(argus, Decimal(5), None if volatility is None else Decimal(volatility))
        assert (reference.score, RISK_VERSION) == (score, REFERENCE_VERSION)
