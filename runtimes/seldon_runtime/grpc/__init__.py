"""gRPC: the services of seldon.protos, health and reflection."""
