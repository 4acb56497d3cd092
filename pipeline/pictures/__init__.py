"""Pictures of a model: what it reconstructs, where it puts images, what it decodes, and how it came to that."""
