"""From the configuration of a LiteLLM proxy to a portfolio, and what is to be said of it."""
