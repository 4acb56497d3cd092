"""Known trainings beside what others published of them."""
