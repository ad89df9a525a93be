"""Builds the real adapters and hands them to the pipeline; nothing is decided here."""

from skillgit.wiring.errands import Errand, GateErrand
from skillgit.wiring.places import models_dir, open_history, open_repository, skill_root, state_dir

__all__ = [
    "Errand",
    "GateErrand",
    "models_dir",
    "open_history",
    "open_repository",
    "skill_root",
    "state_dir",
]
