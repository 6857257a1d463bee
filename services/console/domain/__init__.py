"""What the console decides: what is wrong with a portfolio, and how roads, stories and traces are drawn."""
