"""A study: its plan, trials, storage and leases."""
