"""The messages of seldon.protos, without generated code."""
