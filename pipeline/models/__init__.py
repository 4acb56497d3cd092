"""The parts of a variational autoencoder and the whole: architecture, posterior, likelihood, objective, VAE."""
