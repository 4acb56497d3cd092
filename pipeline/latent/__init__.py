"""A trained model at work on latents: encoding, axes, planes, paths, densities."""
