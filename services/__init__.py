"""The decisions: one package a service, with the same rooms in each."""
