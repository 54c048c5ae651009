"""Payloads to numpy arrays and back, and JSON."""
