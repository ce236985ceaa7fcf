-- Figures of windows, which analytics sends: for conditions and orders of lists, and the risk score's volatility.
-- Runs as the schema's owner with search_path set to the schema.

ALTER TABLE vaults
    -- That of 30 days; null while it is not known.
    ADD COLUMN volatility_30d_pct numeric,
    -- Number of the refresh that its windows come from.
    ADD COLUMN refresh_number bigint NOT NULL DEFAULT 0;

-- All windows of a vault come from one refresh; a null is not known.
CREATE TABLE vault_windows (
    vault_id uuid NOT NULL REFERENCES vaults (id) ON DELETE CASCADE,
    window_name text NOT NULL CHECK (window_name IN ('24h', '7d', '30d', '90d', '1y', 'all')),
    roi_pct numeric,
    pnl numeric NOT NULL,
    volume numeric NOT NULL,
    max_drawdown_pct numeric,
    volatility_pct numeric,
    sharpe numeric,
    closed_win_rate_pct numeric,
    PRIMARY KEY (vault_id, window_name)
) WITH (fillfactor = 80);

-- The only order that no trade changes: others are sorted when they are asked for, which leaves a trade's update of
-- its vault without work on indexes.
CREATE INDEX vaults_largest ON vaults (tvl DESC, id);
