"""skillgit: agent skills that get better from experience, one reviewable commit per lesson."""

__version__ = "0.1.0"
