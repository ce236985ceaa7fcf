-- What the chain indexer remembers, and its hand-over to the queue.
-- Runs as the schema's owner with search_path set to the schema.

-- How far the chain has been read. Events, blocks and this row change in one transaction.
CREATE TABLE chain_cursor (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    next_block bigint NOT NULL,
    head_number bigint,
    head_seen_at timestamptz,
    -- Why the indexer stopped for good; an operator clears it.
    fatal text NOT NULL DEFAULT ''
) WITH (fillfactor = 10);

-- Headers of the blocks that may still be reorganised.
CREATE TABLE chain_blocks (
    number bigint PRIMARY KEY,
    hash text NOT NULL
);

-- What the decoder had learned when a window ended; a row only where it learned something. A rewind into the window
-- reads it again from its start.
CREATE TABLE chain_states (
    next_block bigint PRIMARY KEY,
    start_block bigint NOT NULL,
    state jsonb NOT NULL
);

-- Jobs on their way to the inbox: a row leaves when its event is there. `job` is the task's name and payload.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    identity text NOT NULL,
    block_hash text NOT NULL,
    task_name text NOT NULL,
    payload jsonb NOT NULL,
    sent_at timestamptz,
    UNIQUE (identity, block_hash)
) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 5000);

-- Frozen flags and scores as they were last sent: only changes are jobs.
CREATE TABLE silent_states (
    subject text PRIMARY KEY,
    value jsonb NOT NULL
);

-- Blocks to take back from the services; a row stays until both have done it.
CREATE TABLE rewinds (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    blocks jsonb NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz
);

-- What the chain said otherwise than we, at the last check of each subject.
CREATE TABLE disagreements (
    subject text PRIMARY KEY,
    block_number bigint NOT NULL,
    detail text NOT NULL,
    found_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE verifications (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    block_number bigint NOT NULL,
    checked_count bigint NOT NULL,
    completed_at timestamptz NOT NULL
);

-- The outbox looks for dead letters of its jobs; a reinstated block's events are found by number.
CREATE INDEX dead_letters_task ON dead_letters (task_id) WHERE task_id <> '';
CREATE INDEX inbox_block ON inbox USING brin (block_number);
