"""The parts of a variational autoencoder and their sum: architecture, posterior, likelihood, objective, VAE."""
