"""The gateway: OpenAI's chat completions in front of the intake topic."""
