"""What a trained model can make: samples, decoded points and planes, ways between images, tables of latents."""
