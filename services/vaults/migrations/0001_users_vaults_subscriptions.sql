-- Users, vaults, subscriptions and the flows that they follow from.
-- Runs as the schema's owner with search_path set to the schema.

CREATE TABLE users (
    id uuid PRIMARY KEY,
    wallet_address text NOT NULL UNIQUE,
    argus_score integer NOT NULL DEFAULT 0 CHECK (argus_score BETWEEN 0 AND 1000),
    score_observed_at timestamptz,
    first_observed_at timestamptz,
    first_event_at timestamptz,
    joined_at timestamptz NOT NULL GENERATED ALWAYS AS (COALESCE(first_event_at, first_observed_at)) STORED
);

-- Every deployment that was reported. A vault takes its attributes from the first one in the ledger's order.
CREATE TABLE deployments (
    vault_id uuid NOT NULL,
    identity text NOT NULL,
    contract_address text NOT NULL,
    leader_id uuid NOT NULL,
    leader_address text NOT NULL,
    name text NOT NULL,
    base_asset text NOT NULL,
    decimals smallint,
    event_time timestamptz NOT NULL,
    block_order bigint NOT NULL,
    log_order integer NOT NULL,
    source text NOT NULL COLLATE "C",
    block_hash text NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (vault_id, identity)
);

CREATE INDEX deployments_leader ON deployments (leader_id);
CREATE INDEX deployments_block ON deployments (block_order);

CREATE TABLE vaults (
    id uuid PRIMARY KEY,
    contract_address text NOT NULL UNIQUE,
    leader_id uuid NOT NULL REFERENCES users (id),
    name text NOT NULL,
    base_asset text NOT NULL,
    decimals smallint,
    created_at timestamptz NOT NULL,
    deployed_block bigint,
    is_frozen boolean NOT NULL DEFAULT false,
    status_observed_at timestamptz,
    status_reason text NOT NULL DEFAULT '',
    -- Figures of one version of the ledger; only UpdatePerformance writes them.
    ledger_version bigint NOT NULL DEFAULT 0,
    tvl numeric NOT NULL DEFAULT 0,
    roi_pct numeric,
    max_drawdown_pct numeric NOT NULL DEFAULT 0,
    is_liquidated boolean NOT NULL DEFAULT false,
    follower_count bigint NOT NULL DEFAULT 0,
    trade_count bigint NOT NULL DEFAULT 0,
    as_of timestamptz,
    block_number bigint,
    monthly_fee numeric(78, 0) NOT NULL DEFAULT 0,
    status text NOT NULL GENERATED ALWAYS AS (
        CASE WHEN is_liquidated THEN 'LIQUIDATED' WHEN is_frozen THEN 'PAUSED' ELSE 'ACTIVE' END
    ) STORED
) WITH (fillfactor = 80);

CREATE INDEX vaults_newest ON vaults (created_at DESC, id);
CREATE INDEX vaults_leader ON vaults (leader_id);

-- Deposits (kind 0), settlements (2) and withdrawals (3), as events.Kind numbers them.
CREATE TABLE flows (
    vault_id uuid NOT NULL,
    user_id uuid NOT NULL,
    wallet_address text NOT NULL,
    identity text NOT NULL,
    kind smallint NOT NULL CHECK (kind IN (0, 2, 3)),
    -- Of a settlement, what the follower was paid.
    amount numeric(78, 0) NOT NULL CHECK (amount >= 0),
    -- Settlements only.
    profit numeric(78, 0),
    leader_cut numeric(78, 0),
    protocol_cut numeric(78, 0),
    event_time timestamptz NOT NULL,
    time_assumed boolean NOT NULL,
    block_order bigint NOT NULL,
    log_order integer NOT NULL,
    source text NOT NULL COLLATE "C",
    transaction_hash text NOT NULL,
    block_hash text NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (vault_id, identity)
);

-- A late flow refolds the flows of its pair; first_event_at after a rewind needs a user's first flow.
CREATE INDEX flows_pair ON flows (vault_id, user_id, event_time, block_order, log_order);
CREATE INDEX flows_user ON flows (user_id, event_time);
CREATE INDEX flows_block ON flows (block_order);

-- One row per pair that ever had a flow; the subscription runs while deposited_amount is above zero.
CREATE TABLE subscriptions (
    id uuid PRIMARY KEY,
    vault_id uuid NOT NULL REFERENCES vaults (id),
    user_id uuid NOT NULL REFERENCES users (id),
    deposited_amount numeric NOT NULL CHECK (deposited_amount >= 0),
    -- The deposit that opened the running subscription, or the last one that ended.
    subscribed_at timestamptz,
    -- Place of the last flow in the ledger's order: a flow after it is added, one before it refolds the pair.
    last_key jsonb NOT NULL,
    UNIQUE (vault_id, user_id)
) WITH (fillfactor = 80);

CREATE INDEX subscriptions_user ON subscriptions (user_id) WHERE deposited_amount > 0;
