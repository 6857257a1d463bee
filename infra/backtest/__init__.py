"""``portfolio backtest``: what a portfolio would have done with recorded questions, by the services' own decisions."""
