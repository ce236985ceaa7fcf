"""Every SQL statement of the analytics service, one module a concern."""
