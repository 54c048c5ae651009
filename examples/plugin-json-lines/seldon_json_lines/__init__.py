"""Serves a model over TCP: a line of JSON is a request, a line of JSON its answer."""
