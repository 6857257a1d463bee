"""A provider of models in a process of its own, which misbehaves as a prompt's mark says, and keeps a log of its calls.

``python -m tests.simulator PORT --log calls.jsonl`` serves ``POST /<provider>/v1/chat/completions``, for any provider.
"""
