"""What services derive alike from every event: users, deployments, vaults and flows, each in its own schema."""
