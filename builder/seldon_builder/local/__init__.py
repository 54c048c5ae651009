"""Running images and serving folders on this machine."""
