"""Points and planes of a latent space."""
