"""Outboxes: what is written into runs is kept on disk until the tracking server has it."""
