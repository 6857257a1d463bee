"""What makes an answer good enough: pure checks over an attempt's question and answer."""
