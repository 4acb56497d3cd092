"""What a trained model can generate: samples, decoded points and planes, interpolations, tables of latents."""
