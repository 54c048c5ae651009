"""The component's state in Redis: saved from time to time and at the end, restored at the start."""
