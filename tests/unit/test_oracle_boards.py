"""The oracle of leaders, boards, risk and history on cases worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from tests.oracle.jobs import deployed, flow, job, settlement, trade
from tests.oracle.sending import DAY, RawJob
from tests.oracle_metrics import Report, history, leader_board, measure, reputation_board, vault_board
from tests.oracle_metrics.boards import Row
from tests.oracle_metrics.risk import risk
from tests.oracle_metrics.strategies import BASES, LEADERS, MIDNIGHT, VAULTS

GOLD, SILVER = BASES
ANN, BOB = LEADERS


class Chain:
    """Jobs one after the other: a number and a log index of their own, at any time."""

    def __init__(self) -> None:
        self.jobs: list[RawJob] = []

    def deploy(self, vault: int, leader: str = ANN, base: str = GOLD, time: int = MIDNIGHT) -> None:
        self.jobs.append(deployed(len(self.jobs) + 1, leader=leader, baseAsset=base, **self._place(vault, time)))

    def deposit(self, vault: int, amount: int, time: int = MIDNIGHT, who: str = "A") -> None:
        self.jobs.append(flow(len(self.jobs) + 1, who, "DEPOSIT", amount, **self._place(vault, time)))

    def withdraw(self, vault: int, amount: int, time: int, who: str = "A") -> None:
        self.jobs.append(flow(len(self.jobs) + 1, who, "WITHDRAW", amount, **self._place(vault, time)))

    def result(self, vault: int, amount: int, time: int, volume: int = 1) -> None:
        bought = {"amountIn": str(volume), "amountOut": "1", "assetIn": GOLD}
        self.jobs.append(trade(len(self.jobs) + 1, amount, **bought, **self._place(vault, time)))

    def settle(self, vault: int, cut: int, remaining: int, time: int) -> None:
        amounts = {"leaderCut": str(cut), "followerRemaining": str(remaining)}
        self.jobs.append(settlement(len(self.jobs) + 1, "A", **amounts, **self._place(vault, time)))

    def score(self, wallet: str, score: int, time: int = MIDNIGHT) -> None:
        body: RawJob = {"walletAddress": wallet, "reputationScore": score, "observedAt": time}
        self.jobs.append(job("argus_score", f"score-{len(self.jobs)}", **body))

    def measure(self, now: int) -> Report:
        return measure(self.jobs, now)

    def _place(self, vault: int, time: int) -> RawJob:
        number = len(self.jobs)
        return {"vaultAddress": VAULTS[vault], "timestamp": time, "blockNumber": number, "logIndex": number}


def two_vaults() -> Chain:
    chain = Chain()
    chain.deploy(0)
    chain.deploy(1)
    chain.deposit(0, 1000)
    chain.deposit(1, 500, who="B")
    chain.result(0, 150, MIDNIGHT + 1)  # Σ Q 1500 → 1650, P = 1.1
    return chain


def test_a_leaders_price_is_chained_over_the_summed_q() -> None:
    chain = two_vaults()
    chain.result(1, -600, MIDNIGHT + 2)  # the sum loses 500 only: 1650 → 1150, P = 1.1·1150/1650 = 23/30; R -100
    chain.result(1, -70, MIDNIGHT + 3)  # nobody's: R -170
    entry = chain.measure(MIDNIGHT + 4).entries[ANN, GOLD]
    end = entry.moments[-1]
    assert (end.price, end.owned, end.unowned, end.epoch) == (Fraction(23, 30), 1150, -170, 1)
    assert (entry.tvl, entry.followers, entry.liquidated) == (1500, 2, False)
    whole = entry.windows["all"]
    assert whole.pnl == 150 - 600 - 70
    assert whole.ratios["roiPct"] == pytest.approx(Decimal("-23.3333333333333333"), rel=Decimal("1e-15"))
    assert whole.ratios["maxDrawdownPct"] == pytest.approx(Decimal("30.3030303030303030"), rel=Decimal("1e-15"))
    assert (whole.peak_at, whole.trough_at) == (MIDNIGHT + 1, MIDNIGHT + 2)
    assert whole.ratios["profitFactor"] == pytest.approx(Decimal(150) / Decimal(670))


def test_flows_in_one_vault_weigh_the_others_results_but_move_no_price() -> None:
    chain = two_vaults()
    chain.withdraw(1, 500, MIDNIGHT + 2, who="B")  # Σ Q 1150, P still 1.1
    chain.result(0, 115, MIDNIGHT + 3)  # Σ Q 1265, P = 1.21
    entry = chain.measure(MIDNIGHT + 4).entries[ANN, GOLD]
    assert [str(float(moment.price)) for moment in entry.moments] == ["1.0", "1.0", "1.1", "1.1", "1.21"]


def test_a_leader_is_liquidated_when_a_result_brings_the_sum_to_nothing() -> None:
    chain = two_vaults()
    chain.result(1, -500, MIDNIGHT + 2)
    chain.result(0, -1150, MIDNIGHT + 3)
    chain.deposit(1, 40, MIDNIGHT + 4)
    chain.result(1, 10, MIDNIGHT + 5)
    entry = chain.measure(MIDNIGHT + 6).entries[ANN, GOLD]
    end = entry.moments[-1]
    assert (end.price, end.unit_price, end.epoch, entry.liquidated) == (Fraction(0), Fraction(5, 4), 2, True)
    assert entry.windows["all"].ratios["roiPct"] == -100


def test_a_vault_that_everybody_left_stops_feeling_results_and_the_sum_too() -> None:
    chain = two_vaults()
    chain.withdraw(0, 1150, MIDNIGHT + 2)
    chain.result(0, 20, MIDNIGHT + 3)  # nobody's, though the other vault still has 500
    chain.withdraw(1, 500, MIDNIGHT + 4, who="B")
    chain.result(0, -25, MIDNIGHT + 5)
    entry = chain.measure(MIDNIGHT + 6).entries[ANN, GOLD]
    assert [moment.price for moment in entry.moments[-4:]] == [Fraction(11, 10)] * 4
    assert (entry.moments[-1].unowned, entry.liquidated) == (-5, False)


def test_vaults_of_another_asset_or_leader_are_entries_of_their_own() -> None:
    chain = Chain()
    chain.deploy(0)
    chain.deploy(1, base=SILVER)
    chain.deploy(2, leader=BOB)
    for number in range(3):
        chain.deposit(number, 100 * (number + 1))
    report = chain.measure(MIDNIGHT)
    assert {pair: entry.tvl for pair, entry in report.entries.items()} == {
        (ANN, GOLD): 100,
        (ANN, SILVER): 200,
        (BOB, GOLD): 300,
    }


def test_a_follower_of_two_vaults_is_one_follower_with_two_subscriptions() -> None:
    chain = two_vaults()
    chain.deposit(1, 5, MIDNIGHT + 2, who="A")
    entry = chain.measure(MIDNIGHT + 3).entries[ANN, GOLD]
    assert (entry.followers, entry.subscriptions) == (2, 3)


def test_reputation_ranks_by_score_then_by_age_then_by_wallet() -> None:
    chain = Chain()
    wallets = [f"0x{n:040x}" for n in (9, 5, 7, 3, 4)]
    for wallet, score, time in zip(wallets, (700, 700, 700, 900, 0), (2, 1, 1, 5, 1), strict=True):
        chain.score(wallet, score, MIDNIGHT + time)
    rows = reputation_board(chain.measure(MIDNIGHT + 9))
    assert [(row.rank, int(row.subject, 16), int(row.value)) for row in rows] == [
        (1, 3, 900),
        (2, 5, 700),
        (3, 7, 700),
        (4, 9, 700),
    ]


def order(rows: list[Row]) -> list[int]:
    """The vaults on a board, by their number."""
    return [VAULTS.index(row.subject) for row in rows]


def test_vaults_of_one_roi_go_by_tvl_then_by_age() -> None:
    chain = Chain()
    for number, (amount, born) in enumerate([(100, 0), (100, -5), (200, 7)]):
        chain.deploy(number, time=MIDNIGHT + born)
        chain.deposit(number, amount, MIDNIGHT + 10)
        chain.result(number, amount // 10, MIDNIGHT + 11, volume=number + 1)
    report = chain.measure(MIDNIGHT + 12)
    assert order(vault_board(report, "roi", "7d")) == [2, 1, 0]
    assert order(vault_board(report, "pnl", "all", GOLD)) == [2, 1, 0]
    assert order(vault_board(report, "volume", "24h", GOLD)) == [2, 1, 0]
    assert order(vault_board(report, "followers", "24h")) == [2, 1, 0]
    assert [row.value for row in vault_board(report, "winRate", "24h")] == [100, 100, 100]


def test_a_full_tie_goes_by_address() -> None:
    chain = Chain()
    for number in (2, 0, 1):
        chain.deploy(number)
        chain.deposit(number, 100)
    assert order(vault_board(chain.measure(MIDNIGHT + 1), "tvl", "24h", GOLD)) == [0, 1, 2]


def test_only_defined_figures_are_ranked_and_dead_vaults_stay() -> None:
    chain = Chain()
    for number in range(3):
        chain.deploy(number)
    chain.deposit(0, 100)
    chain.result(0, -100, MIDNIGHT + 1)
    chain.deposit(2, 100)
    report = chain.measure(MIDNIGHT + 2)
    rows = vault_board(report, "roi", "24h")
    assert [(VAULTS.index(row.subject), int(row.value)) for row in rows] == [(2, 0), (0, -100)]
    assert vault_board(report, "sharpe", "30d") == []
    assert order(vault_board(report, "winRate", "all")) == [0]
    assert order(vault_board(report, "pnl", "all", GOLD)) == [2, 1, 0]


def test_boards_of_amounts_need_one_asset_and_others_may_name_it() -> None:
    chain = Chain()
    chain.deploy(0)
    chain.deploy(1, base=SILVER, leader=BOB)
    chain.deposit(0, 100)
    chain.deposit(1, 300)
    report = chain.measure(MIDNIGHT + 2)
    for sort in ("pnl", "tvl", "volume"):
        with pytest.raises(ValueError, match="different assets"):
            leader_board(report, sort, "all")
    assert [row.subject for row in leader_board(report, "tvl", "all", GOLD)] == [ANN]
    assert [row.subject for row in leader_board(report, "roi", "all")] == [BOB, ANN]
    assert [row.subject for row in vault_board(report, "roi", "all", SILVER)] == [VAULTS[1]]
    with pytest.raises(ValueError, match="no such sort"):
        vault_board(report, "fame", "all")


def test_entries_of_one_leader_that_tie_go_by_base_asset_and_older_leaders_first() -> None:
    chain = Chain()
    chain.deploy(0, base=SILVER)
    chain.deploy(1, base=GOLD)
    chain.deploy(2, leader=BOB, time=MIDNIGHT - 1)
    for number in range(3):
        chain.deposit(number, 100)
    rows = leader_board(chain.measure(MIDNIGHT + 2), "roi", "all")
    assert [(row.rank, row.subject, row.base_asset) for row in rows] == [
        (1, BOB, GOLD),
        (2, ANN, GOLD),
        (3, ANN, SILVER),
    ]


@pytest.mark.parametrize(
    ("argus", "drawdown", "volatility", "score", "level"),
    [
        (650, "20", None, 30, "safe"),  # 17.5 + 12 = 29.5, half up
        (None, "20", None, 12, "safe"),
        (0, "100", None, 80, "high"),  # 50 + 30: a drawdown above 50 % counts as 50 %
        (500, "50", "250", 75, "moderate"),  # 25 + 30 + 20
        (2000, None, None, 0, "safe"),
        (-5, None, None, 50, "moderate"),
        (200, "0", "5", 41, "moderate"),  # 40 + 0 + 1
        (200, None, None, 40, "safe"),
        (1000, "0." + "8" + "3" * 59, None, 1, "safe"),  # 30·(5/6)/50 = 0.5 although written as 0.4999…
    ],
)
def test_the_risk_score_adds_three_capped_parts(
    argus: int | None, drawdown: str | None, volatility: str | None, score: int, level: str
) -> None:
    parts = (None if part is None else Decimal(part) for part in (drawdown, volatility))
    found = risk(argus, *parts)
    assert (found.score, found.level) == (score, level)


def test_the_risk_of_a_vault_takes_its_own_leaders_score() -> None:
    chain = Chain()
    chain.deploy(0)
    chain.deploy(1, leader=BOB)
    chain.deposit(0, 100)
    chain.result(0, -20, MIDNIGHT + 1)
    chain.score(ANN, 650)
    report = chain.measure(MIDNIGHT + 2)
    assert [report.vaults[address].risk.score for address in VAULTS[:2]] == [30, 0]


def test_history_has_the_last_value_of_a_bucket_and_carries_it_through_quiet_ones() -> None:
    chain = Chain()
    chain.deploy(0, time=MIDNIGHT - 5 * DAY)
    chain.deposit(0, 1000, MIDNIGHT + 100)
    chain.result(0, 500, MIDNIGHT + 200)
    chain.result(0, -600, MIDNIGHT + 3_599)
    chain.settle(0, 90, 100, MIDNIGHT + 3_600)
    chain.withdraw(0, 1000, MIDNIGHT + 4 * 3_600)
    moments = chain.measure(MIDNIGHT + 5 * 3_600).vaults[VAULTS[0]].moments
    points = history(moments, "1h", 0, MIDNIGHT + DAY, MIDNIGHT + 5 * 3_600 + 1)
    assert [(point.t - MIDNIGHT) // 3_600 for point in points] == [0, 1, 2, 3, 4, 5]
    assert [point.price for point in points] == [Fraction(9, 10)] + [Fraction(81, 100)] * 5
    assert [point.equity for point in points] == [900, 710, 710, 710, -290, -290]
    assert [point.tvl for point in points] == [1000] * 4 + [0, 0]
    assert [point.pnl for point in points] == [-100] + [-190] * 5
    assert [point.drawdown for point in points] == [40] + [46] * 5  # of a peak of 1.5
    assert [point.followers for point in points] == [1] * 4 + [0, 0]
    late = history(moments, "1h", MIDNIGHT + 3_600, MIDNIGHT + 7_200, MIDNIGHT + 5 * 3_600)
    assert late == points[1:3]


@pytest.mark.parametrize(
    ("resolution", "begins"),
    [("5m", -300), ("1h", -3_600), ("8h", -28_800), ("1d", -86_400), ("1w", -2 * 86_400)],
)
def test_the_first_bucket_is_that_of_the_first_event(resolution: str, begins: int) -> None:
    chain = Chain()
    chain.deploy(0, time=MIDNIGHT - 40 * DAY)
    chain.deposit(0, 0, MIDNIGHT - 30 * DAY)  # changes nothing at all
    chain.result(0, 7, MIDNIGHT - 1)  # the night to a Wednesday; its week began on Monday
    moments = chain.measure(MIDNIGHT).vaults[VAULTS[0]].moments
    (first, *rest) = history(moments, resolution, 0, MIDNIGHT, MIDNIGHT)
    assert (first.t, first.equity, first.drawdown) == (MIDNIGHT + begins, 7, None)
    assert first.price == 1
    assert [(point.t, point.equity) for point in rest] == ([] if resolution == "1w" else [(MIDNIGHT, 7)])


def test_without_events_there_is_no_history() -> None:
    assert history([], "1d", 0, MIDNIGHT, MIDNIGHT) == []
