"""What a request asks, found from its own facts."""
