"""`-m`: many trainings from one command, under one parent run."""
