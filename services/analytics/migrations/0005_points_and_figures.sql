-- Price points, followers' points, and what the scheduled refresh derives from them.
-- Runs as the schema's owner with search_path set to the schema.

-- The version at which a vault was last folded from its whole ledger: what was derived of an older one is void.
ALTER TABLE vaults ADD COLUMN refolded_version bigint NOT NULL DEFAULT nextval('ledger_versions');

-- What a subject shows after each entry of its ledger, numbered from 1. A subject is a vault, or a leader's vaults of
-- one base asset where there are several.
CREATE TABLE price_points (
    subject_id uuid NOT NULL,
    event_time timestamptz NOT NULL,
    number integer NOT NULL,
    block_order bigint NOT NULL,
    log_order integer NOT NULL,
    source text NOT NULL COLLATE "C",
    kind smallint NOT NULL,
    -- Lower-case wallet of a flow, else empty.
    follower text NOT NULL COLLATE "C",
    -- P of the current epoch, decimal text of up to 240 digits: its exponent may be beyond what numeric holds.
    unit_price text NOT NULL,
    epoch integer NOT NULL,
    owned numeric NOT NULL,
    -- How much of the change of Q since the point before came by the flow; the rest is the result's.
    owned_by_flow numeric NOT NULL,
    -- How far the first epoch's price is below its highest, 0 to 1, decimal text; null before the first deposit.
    below_peak text,
    equity numeric NOT NULL,
    tvl numeric NOT NULL,
    pnl numeric NOT NULL,
    volume numeric NOT NULL,
    trades integer NOT NULL,
    wins integer NOT NULL,
    closes integer NOT NULL,
    gains numeric NOT NULL,
    losses numeric NOT NULL,
    followers integer NOT NULL,
    PRIMARY KEY (subject_id, event_time, number)
);

-- A wallet's part of a vault after each of its flows and settlements; number is that of the price point.
CREATE TABLE follower_points (
    vault_id uuid NOT NULL,
    event_time timestamptz NOT NULL,
    number integer NOT NULL,
    user_id uuid NOT NULL,
    deposit numeric NOT NULL,
    deposited_total numeric NOT NULL,
    withdrawn_total numeric NOT NULL,
    settled_total numeric NOT NULL,
    -- Void when the generation is not the pool's. Decimal texts.
    shares text NOT NULL,
    generation integer NOT NULL,
    supply text NOT NULL,
    pool_generation integer NOT NULL,
    PRIMARY KEY (vault_id, event_time, number)
);

CREATE INDEX follower_points_user ON follower_points (user_id, vault_id, event_time, number);

-- One row: the last refresh.
CREATE TABLE refreshes (
    is_last boolean PRIMARY KEY DEFAULT true CHECK (is_last),
    number bigint NOT NULL,
    as_of timestamptz NOT NULL,
    thinned_at timestamptz
);

-- What the refresh knows of a subject.
CREATE TABLE subjects (
    id uuid PRIMARY KEY,
    -- Empty for a vault; else the chained vaults, by id.
    members uuid[] NOT NULL,
    -- The versions of the vault that it shows (of chained vaults their sums).
    ledger_version bigint NOT NULL,
    refolded_version bigint NOT NULL,
    -- The refresh that last touched it.
    refresh_number bigint NOT NULL,
    -- When its figures change without an event; null if never.
    next_change_at timestamptz,
    -- Window bases, as SubjectState.to_json writes them.
    state text NOT NULL
) WITH (fillfactor = 70);

-- Without it every refresh would compress what the next one reads.
ALTER TABLE subjects ALTER COLUMN state SET STORAGE EXTERNAL;

-- Price ranges of whole runs of 32, 1,024 and 32,768 points: run `index` of a level starts at point index * length + 1.
CREATE TABLE price_runs (
    subject_id uuid NOT NULL,
    level smallint NOT NULL,
    index integer NOT NULL,
    -- Null without a deposit.
    range text,
    PRIMARY KEY (subject_id, level, index)
);

-- UTC days with points, numbered from 1970: the sums of daily returns up to their ends.
CREATE TABLE day_summaries (
    subject_id uuid NOT NULL,
    day integer NOT NULL,
    summary text NOT NULL,
    PRIMARY KEY (subject_id, day)
);

-- What boards are sorted by, as of the last refresh. Arrays are by window: 24h, 7d, 30d, 90d, 1y, all.
CREATE TABLE board_entries (
    -- A vault's id, or a leader's (id, base asset) as a UUID.
    id uuid PRIMARY KEY,
    is_leader boolean NOT NULL,
    -- Where its windows are: the vault, the leader's only vault, or the chained vaults.
    subject_id uuid NOT NULL,
    -- The vault's leader, or the leader itself.
    leader_id uuid NOT NULL,
    base_asset text NOT NULL COLLATE "C",
    -- Lower case: the vault's contract or the leader's wallet.
    address text NOT NULL COLLATE "C",
    -- The vault's createdAt or the leader's joinedAt.
    since timestamptz NOT NULL,
    vault_count integer NOT NULL,
    tvl numeric NOT NULL,
    -- Wallets with a running subscription, each once.
    followers bigint NOT NULL,
    trades bigint NOT NULL,
    roi_pct numeric[] NOT NULL,
    pnl numeric[] NOT NULL,
    volume numeric[] NOT NULL,
    net_flow numeric[] NOT NULL,
    sharpe numeric[] NOT NULL,
    closed_win_rate_pct numeric[] NOT NULL
) WITH (fillfactor = 70);

-- The same at the first refresh of the UTC day: previous ranks follow from it.
CREATE TABLE board_baselines (LIKE board_entries INCLUDING ALL);

-- The board of reputation at the first refresh of the UTC day.
CREATE TABLE reputation_baselines (
    user_id uuid PRIMARY KEY,
    rank bigint NOT NULL
);
