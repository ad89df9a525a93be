"""What an agent did, read from files of many formats and shown to an analyst; no I/O."""
