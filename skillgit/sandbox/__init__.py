"""Where commands that a model wrote are run: confined, or not at all."""
