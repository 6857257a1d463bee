"""List prices of the recorded models, in dollars per million tokens, of 2024-11-01; open models at a host's price.

Sources: the price pages of Anthropic, Google, OpenAI and Together AI of that day, the last one's by size where it names
no price of the model itself (Qwen2.5 of 3, 14 and 32 billion). What is reckoned with them is modelled, since the
recordings hold no token counts: characters / 4 is a token.
"""

from schemas.models import Price

DAY = "2024-11-01"
LISTED = {
    "claude-3-5-sonnet-20241022": ("3", "15"),
    "gpt-4o-2024-08-06": ("2.50", "10"),
    "gpt-4o-mini-2024-07-18": ("0.15", "0.60"),
    "gpt-3.5-turbo-0125": ("0.50", "1.50"),
    "gemini-1.5-flash": ("0.075", "0.30"),
    "gemma-2-9b-it": ("0.20", "0.20"),
    "gemma-2-2b-it": ("0.10", "0.10"),
    "Meta-Llama-3.1-8B-Instruct": ("0.18", "0.18"),
    "hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4": ("0.18", "0.18"),
    "Qwen/Qwen2.5-3B-Instruct-GPTQ-Int4": ("0.10", "0.10"),
    "Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4": ("0.30", "0.30"),
    "Qwen/Qwen2.5-14B-Instruct-GPTQ-Int4": ("0.30", "0.30"),
    "Qwen/Qwen2.5-32B-Instruct-GPTQ-Int4": ("0.80", "0.80"),
    "mistralai/Mistral-7B-Instruct-v0.3": ("0.20", "0.20"),
    "claude-3-haiku-20240307": ("0.25", "1.25"),
}


def price_of(recorded: str) -> Price:
    """The price of a model, by the name under which it is recorded. Raises ``KeyError`` for one that has none."""
    read, written = LISTED[recorded]
    return Price.of({"input": read, "output": written, "from": DAY})
