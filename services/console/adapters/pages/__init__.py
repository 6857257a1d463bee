"""The console's pages: templates, their one style sheet, and charts."""
