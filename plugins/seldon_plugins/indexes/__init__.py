"""Where packages come from, one kind of configuration a file."""
