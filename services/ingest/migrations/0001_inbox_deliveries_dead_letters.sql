-- The inbox and what becomes of its events.
-- Runs as the schema's owner with search_path set to the schema.

-- The record: every accepted event, for ever. Rebuilds fold it again.
CREATE TABLE inbox (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    identity text NOT NULL,
    -- A re-mined transaction is a new row: same identity, other block. Empty when the producer gave no block.
    block_hash text NOT NULL,
    block_number bigint,
    -- As events.Kind numbers them.
    kind smallint NOT NULL,
    partition smallint NOT NULL,
    vault_address text,
    wallet_address text,
    -- Tells a duplicate from another event with the same identity.
    digest bytea NOT NULL,
    -- protos.events.v1.ChainEvent
    event bytea NOT NULL,
    accepted_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (identity, block_hash)
);

-- A rewind sends the events of a vault again that became unknown.
CREATE INDEX inbox_vault ON inbox (vault_address, sequence);

-- Events that have not taken effect in every service yet.
CREATE TABLE deliveries (
    sequence bigint PRIMARY KEY REFERENCES inbox (sequence),
    partition smallint NOT NULL,
    -- Set while the event waits for its vault.
    deferred_for text,
    -- Failed tries that were not an outage.
    attempts smallint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 5000);

CREATE INDEX deliveries_ready ON deliveries (partition, sequence) WHERE deferred_for IS NULL;
CREATE INDEX deliveries_deferred ON deliveries (deferred_for) WHERE deferred_for IS NOT NULL;

-- Vaults whose deployment took effect in every service.
CREATE TABLE known_vaults (
    vault_address text PRIMARY KEY
);

-- Blocks that a reorganisation removed: their events are refused from then on.
CREATE TABLE orphaned_blocks (
    block_hash text PRIMARY KEY,
    block_number bigint NOT NULL,
    orphaned_at timestamptz NOT NULL DEFAULT now()
);

-- Who dispatches which partition. A generation makes the writes of a dispatcher void that lost its lease.
CREATE TABLE leases (
    partition smallint PRIMARY KEY,
    owner uuid,
    generation bigint NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL DEFAULT '-infinity',
    -- Why the last delivery failed that is still being tried; empty when it did not.
    error text NOT NULL DEFAULT ''
);

INSERT INTO leases (partition) SELECT generate_series(0, 7);

-- Replicas of the ingest service that are alive: they share the partitions evenly.
CREATE TABLE replicas (
    owner uuid PRIMARY KEY,
    seen_at timestamptz NOT NULL
);

CREATE TABLE dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reason text NOT NULL,
    detail text NOT NULL,
    -- Where it came from: a stream's entry (and the item of a bulk job, else -1), or an inbox row that no service takes.
    stream text NOT NULL DEFAULT '',
    entry_id text NOT NULL DEFAULT '',
    item_index integer NOT NULL DEFAULT -1,
    sequence bigint REFERENCES inbox (sequence),
    task_name text NOT NULL DEFAULT '',
    task_id text NOT NULL DEFAULT '',
    identity text NOT NULL DEFAULT '',
    payload bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL DEFAULT 'OPEN' CHECK (state IN ('OPEN', 'RETRIED', 'DISCARDED')),
    resolved_at timestamptz,
    resolution text NOT NULL DEFAULT ''
);

-- A redelivered entry is laid aside once.
CREATE UNIQUE INDEX dead_letters_entry ON dead_letters (stream, entry_id, item_index) WHERE stream <> '';
CREATE UNIQUE INDEX dead_letters_event ON dead_letters (sequence) WHERE sequence IS NOT NULL AND state = 'OPEN';
CREATE INDEX dead_letters_open ON dead_letters (reason, id) WHERE state = 'OPEN';

-- What took effect, in a gap-free order. Rows are kept for a while so that watchers can resume.
CREATE TABLE changes (
    sequence bigint PRIMARY KEY,
    kind smallint NOT NULL,
    vault_id uuid,
    user_id uuid,
    identity text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- The one sequencer: its row lock is held until commit, so that numbers become visible in their order.
CREATE TABLE pipeline (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    change_sequence bigint NOT NULL DEFAULT 0,
    delivered_events bigint NOT NULL DEFAULT 0,
    delivered_block_number bigint
) WITH (fillfactor = 10);

INSERT INTO pipeline DEFAULT VALUES;

-- Requests to bring a vault's figures (or, with an empty address, all) up to date again.
CREATE TABLE snapshots (
    vault_address text NOT NULL,
    interval text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    PRIMARY KEY (vault_address, interval)
);
