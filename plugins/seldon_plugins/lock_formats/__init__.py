"""Lock files of other tools, taken as they stand."""
