"""The sections of the report, each of one source of recorded answers."""
