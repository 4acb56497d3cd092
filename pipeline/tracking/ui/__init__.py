"""What the MLflow UI shows of our runs, and the server that shows it."""
