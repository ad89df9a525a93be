"""A model on this machine: finding or fetching its file, and serving it on the processor."""
