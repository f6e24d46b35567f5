"""What follows from estimates: claims, the return, and what people add."""
