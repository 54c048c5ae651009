"""Who resolves: uv, and pip-tools, the reference."""
