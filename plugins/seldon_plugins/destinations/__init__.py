"""Where images go, one medium a file."""
