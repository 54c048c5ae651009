"""The serving benchmark: our server and its peers under the same load."""
