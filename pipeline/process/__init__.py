"""The process of a command: how it begins, how it is stopped, and the machine that it runs on."""
