"""Every SQL statement of the vaults service. Each function is one statement in the caller's transaction."""
