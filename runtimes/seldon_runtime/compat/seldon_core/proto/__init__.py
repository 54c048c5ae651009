"""Seldon's protobuf messages."""
