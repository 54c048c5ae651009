"""Passthrough: predict gets the bytes of the request, and its bytes are the answer."""
