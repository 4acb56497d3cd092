"""The latent space as a film from epoch to epoch."""
