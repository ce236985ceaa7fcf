-- Users, vaults, the ledger of flows and trades, and the state of its fold.
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
    leader_id uuid NOT NULL,
    name text NOT NULL,
    base_asset text NOT NULL,
    decimals smallint,
    created_at timestamptz NOT NULL,
    deployed_block bigint,
    is_frozen boolean NOT NULL DEFAULT false,
    status_observed_at timestamptz,
    status_reason text NOT NULL DEFAULT '',
    -- Figures of the fold at one version of the ledger.
    ledger_version bigint NOT NULL DEFAULT 0,
    tvl numeric NOT NULL DEFAULT 0,
    roi_pct numeric,
    max_drawdown_pct numeric NOT NULL DEFAULT 0,
    is_liquidated boolean NOT NULL DEFAULT false,
    -- Followers ever listed, and those with a deposit now.
    listed_follower_count bigint NOT NULL DEFAULT 0,
    follower_count bigint NOT NULL DEFAULT 0,
    trade_count bigint NOT NULL DEFAULT 0,
    winning_trade_count bigint NOT NULL DEFAULT 0,
    as_of timestamptz,
    block_number bigint,
    status text NOT NULL GENERATED ALWAYS AS (
        CASE WHEN is_liquidated THEN 'LIQUIDATED' WHEN is_frozen THEN 'PAUSED' ELSE 'ACTIVE' END
    ) STORED
) WITH (fillfactor = 80);

CREATE INDEX vaults_leader ON vaults (leader_id);

CREATE INDEX users_leaders ON users (argus_score DESC, joined_at, (lower(wallet_address)) COLLATE "C")
    WHERE argus_score > 0;

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

-- first_event_at after a rewind needs a user's first flow.
CREATE INDEX flows_user ON flows (user_id, event_time);
CREATE INDEX flows_block ON flows (block_order);

CREATE INDEX flows_ledger ON flows (vault_id, event_time, block_order, log_order);

CREATE TABLE trades (
    vault_id uuid NOT NULL,
    -- UUIDv5 of the identity.
    id uuid NOT NULL,
    identity text NOT NULL,
    asset_in text NOT NULL,
    asset_out text NOT NULL,
    amount_in numeric(78, 0) NOT NULL,
    -- Null while unknown.
    amount_out numeric(78, 0),
    -- The producer's own result, which replaces the derived one.
    pnl_override numeric(78, 0),
    input_unpaid boolean NOT NULL,
    event_time timestamptz NOT NULL,
    time_assumed boolean NOT NULL,
    block_order bigint NOT NULL,
    log_order integer NOT NULL,
    source text NOT NULL COLLATE "C",
    transaction_hash text NOT NULL,
    block_hash text NOT NULL,
    digest bytea NOT NULL,
    -- What the fold made of it; a late event may change these.
    pnl numeric NOT NULL,
    is_close boolean NOT NULL,
    volume numeric NOT NULL,
    flags text[] NOT NULL,
    PRIMARY KEY (vault_id, id)
);

CREATE INDEX trades_ledger ON trades (vault_id, event_time, block_order, log_order, id);
CREATE INDEX trades_block ON trades USING brin (block_order);

-- The fold's machinery, as VaultState.to_json writes it.
CREATE TABLE fold_states (
    vault_id uuid PRIMARY KEY,
    state bytea NOT NULL
) WITH (fillfactor = 50);

-- Every wallet that ever had a flow above 0 with the vault, those who left included.
CREATE TABLE followers (
    vault_id uuid NOT NULL,
    user_id uuid NOT NULL,
    wallet_address text NOT NULL COLLATE "C",
    deposit numeric NOT NULL,
    deposited_total numeric NOT NULL,
    withdrawn_total numeric NOT NULL,
    settled_total numeric NOT NULL,
    -- Decimal text of up to 400 digits; void when the generation is not the vault's.
    shares text NOT NULL,
    generation integer NOT NULL,
    subscribed_at timestamptz,
    first_deposit_at timestamptz,
    flags text[] NOT NULL,
    PRIMARY KEY (vault_id, user_id)
) WITH (fillfactor = 80);

CREATE INDEX followers_largest ON followers (vault_id, deposit DESC, wallet_address);
CREATE INDEX followers_user ON followers (user_id);
