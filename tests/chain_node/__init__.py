"""A JSON-RPC node for tests: a chain that can be changed, served over HTTP with faults drawn from a seed."""
