"""Figures of the running platform, each beside what the same work costs when written bare in the same run."""
