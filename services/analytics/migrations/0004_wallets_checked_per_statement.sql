-- ON CONFLICT watches one unique index only: of two calls that bring the same new user at once, the other index
-- would refuse the second. Checked after the statement, it sees that the second row has become an update.
-- Runs as the schema's owner with search_path set to the schema.

ALTER TABLE users
    DROP CONSTRAINT users_wallet_address_key,
    ADD CONSTRAINT users_wallet_address_key UNIQUE (wallet_address) DEFERRABLE INITIALLY IMMEDIATE;
