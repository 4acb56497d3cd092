"""The latent space as a page that answers the mouse."""
