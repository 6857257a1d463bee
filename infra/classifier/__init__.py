"""Tells a text's task class from labelled texts, and says when it does not know."""
