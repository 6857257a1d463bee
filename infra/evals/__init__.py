"""What the portfolio's decisions achieve on answers that real models really gave: ``make evals``."""
