"""The documentation site: the tree's own pages where they are, and reference pages that are read off the code."""
