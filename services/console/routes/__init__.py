"""HTTP in: the console's pages, and their door."""
