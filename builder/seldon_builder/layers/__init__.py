"""What is in an image, and its bytes."""
