"""The state of a component in Redis."""
