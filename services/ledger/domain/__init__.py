"""What the ledger keeps of each event, and what it tells of it. Pure."""
