"""The model's object as the fronts see it, whatever its author wrote."""
