"""Wheels of what has none: built isolated from this machine, checked, made reproducible, kept."""
