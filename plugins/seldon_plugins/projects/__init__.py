"""Projects and scripts that say themselves what they need."""
