"""REST: Seldon messages as JSON over HTTP, Hopsworks bodies on the paths of theirs."""
