"""Words that people are shown."""
