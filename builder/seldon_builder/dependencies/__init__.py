"""From what a model asks for to the exact artifacts of its image."""
