"""What the gateway decides: what may be asked, how an end is told, whose partition an id hashes to."""
