"""The contract: events, topics and the portfolio document. Imports pydantic, and nothing of ours."""
