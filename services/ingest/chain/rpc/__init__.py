"""Reading an EVM chain over JSON-RPC: start at `reader.ChainReader`."""
