"""Where the chain parted from what was read, and when that is too deep."""

from __future__ import annotations

import pytest

from libs.events import OrphanedBlock
from services.ingest.chain.reorg import Fork, TooDeep, find_fork

READ = [(9, "a9"), (8, "a8"), (7, "a7"), (6, "a6")]  # newest first


def fork(canonical: dict[int, str], *, finality_depth: int = 3, start_block: int = 0) -> Fork:
    return find_fork(READ, canonical, finality_depth=finality_depth, start_block=start_block)


def test_nothing_is_orphaned_where_the_chain_still_holds_the_last_block():
    assert fork({9: "a9", 8: "a8", 7: "a7", 6: "a6"}) == Fork(9, [])


def test_blocks_up_to_the_common_ancestor_are_orphaned_newest_first():
    found = fork({9: "b9", 8: "b8", 7: "a7", 6: "a6"})
    assert found == Fork(7, [OrphanedBlock(9, "a9"), OrphanedBlock(8, "a8")])


def test_a_chain_that_became_shorter_orphans_what_it_no_longer_has():
    assert fork({8: "b8", 7: "a7", 6: "a6"}) == Fork(7, [OrphanedBlock(9, "a9"), OrphanedBlock(8, "a8")])


def test_a_reorganisation_as_deep_as_finality_is_taken_back():
    found = fork({9: "b9", 8: "b8", 7: "b7", 6: "a6"})
    assert (found.ancestor, len(found.orphaned)) == (6, 3)


def test_one_block_more_is_too_deep_and_both_hashes_are_named():
    with pytest.raises(TooDeep, match="deeper than 3 blocks: at block 6 we read a6, the chain now says b6"):
        fork({9: "b9", 8: "b8", 7: "b7", 6: "b6"})


def test_a_fork_below_the_first_block_of_the_index_orphans_all_of_it():
    found = fork({9: "b9", 8: "b8", 7: "b7", 6: "b6"}, finality_depth=4, start_block=6)
    assert (found.ancestor, [block.number for block in found.orphaned]) == (5, [9, 8, 7, 6])


def test_what_is_final_stays_so_at_the_start_of_the_index_too():
    with pytest.raises(TooDeep):
        fork({9: "b9", 8: "b8", 7: "b7", 6: "b6"}, finality_depth=3, start_block=6)


def test_blocks_that_are_no_longer_remembered_are_final():
    # 6 was not where the index began: what was below it has been forgotten as final.
    with pytest.raises(TooDeep, match="at block 6"):
        fork({9: "b9", 8: "b8", 7: "b7", 6: "b6"}, finality_depth=10, start_block=2)


def test_a_block_that_the_chain_does_not_have_at_all_is_named_as_nothing():
    with pytest.raises(TooDeep, match="we read a6, the chain now says nothing"):
        fork({}, finality_depth=3)
