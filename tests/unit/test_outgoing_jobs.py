"""Jobs on their way out: every one fits, arrives whole and is accepted."""

from __future__ import annotations

from typing import Any

import pytest

from libs.identifiers import checksum_address
from services.ingest.chain.contracts import VaultFacts
from services.ingest.chain.job import Job, encode_bulk, encode_job
from services.ingest.jobs import Accepted, read_entry
from tests.unit.chain_builder import (
    NO_VAULTS,
    TX,
    USD,
    VAULT,
    Chain,
    decode,
)


def intake(data: bytes) -> list[Any]:
    return read_entry(data, entered_at_ms=0, now=1_788_270_600.0, chain_id=125)


@pytest.mark.parametrize("name", ["🚀" * 10_000, "\x01" * 10_000, "龍" * 65_536, "x" * 65_536])
def test_a_long_name_travels_whole_in_a_bulk_job_where_a_single_one_is_too_small(name):
    facts = {checksum_address(VAULT): VaultFacts(name.encode(), checksum_address(USD), 6)}
    (job,) = decode(Chain().deploy(), NO_VAULTS, facts).jobs
    (result,) = intake(encode_job(job))
    assert isinstance(result, Accepted), result
    assert result.event.vault_deployed.name == name
    assert (result.task_id, result.task_name) == (f"125:{TX}:0", "ingest.vault_deployed")


def test_a_name_that_no_job_can_carry_is_cut_and_reported_rather_than_losing_the_vault():
    facts = {checksum_address(VAULT): VaultFacts(b"x" * 70_000, checksum_address(USD), 6)}
    decoded = decode(Chain().deploy(), NO_VAULTS, facts)
    assert decoded.jobs[0].kwargs["name"] == "x" * 65_536
    assert [oddity.reason for oddity in decoded.oddities] == ["a text of 70000 characters was cut to 65536"]


def test_bulk_jobs_hold_a_thousand_items_each_and_all_are_accepted():
    chain = Chain()
    for _ in range(2_001):
        chain.subscribe()
    entries = list(encode_bulk(decode(chain).jobs))
    results = [intake(entry) for entry in entries]
    assert [len(part) for part in results] == [1_000, 1_000, 1]
    accepted = [result for part in results for result in part]
    assert [result.event.log_index for result in accepted] == list(range(2_001))


def test_bulk_jobs_stay_below_8_mib():
    jobs = [Job("ingest.vault_status", f"id-{at}", {"reason": "龍" * 65_536}) for at in range(50)]
    entries = list(encode_bulk(jobs))
    assert [len(entry) <= 8 * 1024 * 1024 for entry in entries] == [True, True]
    assert sum(len(intake(entry)) for entry in entries) == 50
