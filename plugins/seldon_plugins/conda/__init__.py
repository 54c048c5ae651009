"""Environments of conda: read, solved, locked, and turned into layers without conda."""
