"""What a model worker decides, as pure functions."""
