"""What people search with today: the published Hydra sweeper, and a pool of processes written by hand."""
