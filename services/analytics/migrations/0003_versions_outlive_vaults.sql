-- A vault that a reorganisation took away and a new deployment brings back must not start at version 0 again:
-- figures of its first life that are still under way would look newer than all of the second's.
-- Runs as the schema's owner with search_path set to the schema.

CREATE SEQUENCE ledger_versions;

DO $$ BEGIN PERFORM setval('ledger_versions', max(ledger_version) + 1) FROM vaults; END $$;

UPDATE vaults SET ledger_version = nextval('ledger_versions');

-- With a version from the start, the figures of a vault without a ledger are taken over too.
ALTER TABLE vaults ALTER COLUMN ledger_version SET DEFAULT nextval('ledger_versions');
