"""Where images lie: daemons, OCI layouts, archives."""
