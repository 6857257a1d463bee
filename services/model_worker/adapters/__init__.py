"""What a model worker touches: the attempt store, the providers, the price list."""
