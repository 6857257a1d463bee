"""What a user does, from the outside: processes that are started, killed and stopped."""
