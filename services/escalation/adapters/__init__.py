"""The outside things that this service uses."""
