"""Findings as people, editors and servers read them, and those that are put up with."""
