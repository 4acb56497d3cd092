"""This package keeps a study: its plan, definition, storage, queue of trials, and their leases."""
