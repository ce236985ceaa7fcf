"""Every SQL statement of the ingest service, one module a concern."""
