"""How a command begins, how it is stopped, and what it runs on."""
