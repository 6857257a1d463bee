"""HTTP in: what is served, what every route works with, and how a chat is taken to its answer."""
