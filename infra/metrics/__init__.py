"""What a service tells of itself: whether it lives, what it waits for, and figures that are read when asked for."""
