"""What knows MLflow: where runs are kept, what a run records, and who closes one that was killed."""
