"""A local EVM chain with the protocol's contracts, and actors that trade on it: what `make demo` shows."""
