-- What a reorganisation takes back: frozen flags and scores belong to the block they were read in, as events do.
-- Runs as the schema's owner with search_path set to the schema.

-- Where the index began: nothing below can be reorganised away from it. And the block of the last look at the
-- silent state.
ALTER TABLE chain_cursor ADD COLUMN start_block bigint;
ALTER TABLE chain_cursor ADD COLUMN silent_block bigint;
UPDATE chain_cursor SET start_block = (SELECT min(start_block) FROM chain_states);
UPDATE chain_cursor SET start_block = next_block WHERE start_block IS NULL;
ALTER TABLE chain_cursor ALTER COLUMN start_block SET NOT NULL;

-- A job that does not arrive is sent again, each time after a longer pause.
ALTER TABLE outbox ADD COLUMN sent_count smallint NOT NULL DEFAULT 0;

-- Frozen flags and scores that were sent; of a subject, the one observed last counts that was read in a block of the
-- chain. The next look sends again what differs from it.
DROP TABLE silent_states;
CREATE TABLE silent_states (
    subject text NOT NULL,
    observed_at bigint NOT NULL,
    block_number bigint NOT NULL,
    block_hash text NOT NULL,
    value jsonb NOT NULL,
    PRIMARY KEY (subject, observed_at, block_hash)
);

-- Leaders are asked for their score by their deployments (events.Kind.DEPLOYMENT), and a rewind sends the valid scores of a wallet again.
CREATE INDEX inbox_deployments ON inbox (vault_address) WHERE kind = 4;
CREATE INDEX inbox_wallet ON inbox (wallet_address) WHERE wallet_address IS NOT NULL;
