"""This package runs the jobs of a command on a Ray cluster: it starts them there, follows them, and cancels them."""
