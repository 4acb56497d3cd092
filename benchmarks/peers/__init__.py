"""What a user would otherwise run: the same network in other programs."""
