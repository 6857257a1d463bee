"""The commands, one module a group. Each reads its options, asks the domain, and shows the result."""
