"""gunicorn as the process model: several workers, each with a model of its own."""
