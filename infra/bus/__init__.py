"""The one shared machine: batches in, decisions, rows, events out, offsets committed last."""
