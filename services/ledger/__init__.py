"""The ledger: every attempt, what it cost and whether it worked."""
