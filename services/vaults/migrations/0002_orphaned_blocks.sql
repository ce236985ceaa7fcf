-- Blocks that a reorganisation removed: their events are refused, however late they come.
-- Runs as the schema's owner with search_path set to the schema.

CREATE TABLE orphaned_blocks (
    block_hash text PRIMARY KEY
);
