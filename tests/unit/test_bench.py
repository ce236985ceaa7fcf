"""The pure parts of the benchmark: its workload, its load generators' figures, its table."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import orjson
import pytest

from bench import figures, workload
from bench.__main__ import names, select
from bench.client import Answers, content_length
from bench.figures import Figure
from bench.load import Load, LoadError, middle, parse_wrk, percentile
from bench.machine import field_of
from bench.memory import Memory, parse_rollup
from bench.reads import interleaved
from services.ingest.chain.job import encode_job
from services.ingest.jobs import Accepted, read_entry

WRK = """Running 2s test @ http://127.0.0.1:4000/health
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.25ms    0.51ms  12.34ms   91.21%
    Req/Sec    25.43k     1.02k   27.01k    80.00%
  Latency Distribution
     50%    1.19ms
     75%    1.31ms
     90%    1.52ms
     99%  980.50us
  50861 requests in 2.00s, 41.22MB read
Requests/sec:  25430.12
Transfer/sec:     20.61MB
"""
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def accepted(job: Any, number: int) -> Accepted:
    (result,) = read_entry(encode_job(job), entered_at_ms=1_900_000_000_000, now=1_900_000_000, chain_id=125)
    assert isinstance(result, Accepted), (number, result)
    return result


def test_every_job_of_the_workload_is_accepted_and_none_twice() -> None:
    jobs = [*workload.setup(), *workload.trades(400, workload.first_free_place())]
    assert len(jobs) == 200 + 100 + 600 + 400
    assert len({accepted(job, number).event.identity for number, job in enumerate(jobs)}) == 1_300


def test_the_workload_is_the_same_in_every_run() -> None:
    first = next(workload.trades(1, 800))
    # echo -n vault:0 | sha256sum | cut -c-40
    assert first.kwargs["vaultAddress"].lower() == "0xacab673092975ea000d7b6b37e12deb1f06ca403"
    assert first.kwargs["timestamp"] == 1_750_009_600
    assert first.kwargs["blockNumber"] == 1_000_800


def test_a_vault_sells_what_it_bought_and_loses_every_third_time() -> None:
    turns = [workload.trade(0, turn, turn).kwargs for turn in range(6)]
    assert [trade["amountIn"] for trade in turns] == ["1000000", "10000000"] * 3
    assert [trade["amountOut"] for trade in turns] == [
        "10000000",
        "1030000",
        "10000000",
        "1015000",
        "10000000",
        "980000",
    ]
    assert [trade["isProfit"] for trade in turns] == [False, True, False, True, False, False]
    assert all(a["assetOut"] == b["assetIn"] for a, b in pairwise(turns))


def test_trades_go_round_the_vaults_in_time_order() -> None:
    trades = list(workload.trades(5, 100, vaults=2))
    vaults = [workload.address("vault", 0), workload.address("vault", 1)]
    assert [trade.kwargs["vaultAddress"] for trade in trades] == [*vaults, *vaults, vaults[0]]
    assert [trade.kwargs["blockNumber"] for trade in trades] == [1_000_100 + number for number in range(5)]


def test_wrk_s_figures_are_read_in_every_unit() -> None:
    assert parse_wrk(WRK) == Load(25_430.12, 0.9805)
    assert parse_wrk(WRK.replace("980.50us", "1.20s")).p99_ms == 1_200
    assert parse_wrk(WRK.replace("980.50us", "3.07ms")).p99_ms == 3.07


@pytest.mark.parametrize(
    "line", ["  Non-2xx or 3xx responses: 12", "  Socket errors: connect 0, read 3, write 0, timeout 0"]
)
def test_a_load_that_met_errors_gives_no_figures(line: str) -> None:
    with pytest.raises(LoadError, match=line.strip()[:12]):
        parse_wrk(f"{WRK}{line}\n")


def test_other_words_than_wrk_s_are_an_error() -> None:
    with pytest.raises(LoadError, match="no figures"):
        parse_wrk("unable to connect")


def test_a_percentile_is_the_value_that_so_many_do_not_exceed() -> None:
    hundred = [float(number) for number in range(100, 0, -1)]
    assert percentile(hundred, 50) == 50
    assert percentile(hundred, 99) == 99
    assert percentile([7.0, 3.0], 99) == 7
    assert percentile([7.0, 3.0], 50) == 3
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_an_answer_counts_when_its_last_byte_is_there() -> None:
    answers = Answers()
    assert [answers.feed(ANSWER[place : place + 1]) for place in range(len(ANSWER))] == [0] * (len(ANSWER) - 1) + [1]
    assert answers.feed(ANSWER[:40]) == 0
    assert answers.feed(ANSWER[40:]) == 1
    assert answers.feed(ANSWER + ANSWER) == 2


def test_an_answer_that_is_not_200_or_has_no_length_ends_the_load() -> None:
    with pytest.raises(LoadError, match="503"):
        Answers().feed(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(LoadError, match="without Content-Length"):
        content_length(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n")
    assert content_length(b"HTTP/1.1 200 OK\r\nX-A: 1\r\ncontent-length:  42\r\n") == 42


async def test_both_servers_are_asked_in_turn_and_their_medians_taken() -> None:
    asked: list[str] = []
    rates = iter([100.0, 1.0, 300.0, 2.0, 200.0, 9.0])

    async def put(url: str, seconds: float) -> Load:
        asked.append(url)
        return Load(next(rates), seconds)

    assert await interleaved("ours", "bare", 2.0, put) == (Load(200, 2), Load(2, 2))
    assert asked == ["ours", "bare"] * 3


def test_a_median_is_taken_of_each_figure_by_itself() -> None:
    assert middle([Load(1, 9), Load(2, 7), Load(3, 8)]) == Load(2, 8)


def test_the_table_shows_ratio_and_target() -> None:
    rows = [
        Figure("answers", 12_345.6, "/s", 24_691.2, 8_000),
        Figure("memory", 201, "MB", target=200, better="lower", note="largest of 3"),
        Figure("latency", 0.1234, "ms"),
    ]
    assert figures.table(rows).splitlines() == [
        "figure  | measured              | bare limit of this run | ratio | target",
        "--------+-----------------------+------------------------+-------+--------------",
        "answers | 12,346 /s             | 24,691 /s              | 0.50  | >= 8,000 ok",
        "memory  | 201 MB (largest of 3) |                        |       | <= 200 missed",
        "latency | 0.123 ms              |                        |       |",
    ]


def test_a_target_is_met_at_its_very_value() -> None:
    assert Figure("f", 400, "/s", target=400).verdict == "ok"
    assert Figure("f", 399.9, "/s", target=400).verdict == "missed"
    assert Figure("f", 200, "MB", target=200, better="lower").verdict == "ok"
    assert Figure("f", 1, "/s").verdict == ""


def test_a_run_survives_its_file() -> None:
    run = [Figure("a", 1.5, "/s", 3.0, 2.0, note="n"), Figure("b", 2, "MB", better="lower")]
    stored = json.loads(orjson.dumps(figures.dump(run, {"cores": "2"})))
    assert figures.load(stored) == run
    assert stored["machine"] == {"cores": "2"}


def test_two_runs_are_compared_by_name() -> None:
    first = figures.dump([Figure("a", 100, "/s"), Figure("gone", 1, "/s"), Figure("none", 0, "/s")], {})
    second = figures.dump([Figure("new", 5, "ms"), Figure("a", 250, "/s"), Figure("none", 3, "/s")], {})
    assert figures.comparison(first, second).splitlines() == [
        "figure | A      | B      | B/A",
        "-------+--------+--------+-----",
        "a      | 100 /s | 250 /s | 2.50",
        "gone   | 1 /s   |        |",
        "none   | 0 /s   | 3 /s   |",
        "new    |        | 5 ms   |",
    ]


def test_figures_are_chosen_by_an_expression() -> None:
    assert select(names(), "vaults$") == ["warm /api/vaults", "no cache /api/vaults"]
    assert select(names(), "") == names()
    assert len(set(names())) == len(names())


def test_memory_is_read_in_megabytes() -> None:
    text = "55d0-7ffe ---p 00000000 00:00 0 [rollup]\nRss:   102400 kB\nPss:    51200 kB\nPss_Anon: 1 kB\n"
    assert parse_rollup(text) == Memory(100, 50)


def test_a_field_of_a_kernel_file_is_found_by_its_whole_name() -> None:
    assert field_of("model\t\t: 2\nmodel name\t: AMD EPYC\nmodel name\t: other\n", "model name") == "AMD EPYC"
    assert field_of("MemTotal: 24684092 kB\n", "MemFree") == ""
