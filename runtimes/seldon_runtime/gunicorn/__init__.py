"""gunicorn: several processes, each with a model of its own, behind the same ports."""
