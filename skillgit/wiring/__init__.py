"""Builds the real adapters and hands them to the pipeline; nothing is decided here."""

from skillgit.wiring.places import models_dir, open_history, open_repository, skill_root, state_dir
from skillgit.wiring.rounds import Errand, run_round

__all__ = [
    "Errand",
    "models_dir",
    "open_history",
    "open_repository",
    "run_round",
    "skill_root",
    "state_dir",
]
