"""The terminal: people read it, unless ``--json`` is given, and then programs do."""
