"""How far each latent follows one factor of variation, and each factor one latent; a score a file."""
