from __future__ import annotations

import time

from skillgit.wiring.timing import StopWatch


class Waiting:
    def __init__(self) -> None:
        self.heard: list[tuple[str, ...]] = []

    def start(self, stage: str, total: int) -> None:
        self.heard.append(("start", stage, str(total)))

    def advance(self, stage: str, note: str = "") -> None:
        self.heard.append(("advance", stage, note))

    def finish(self, stage: str) -> None:
        self.heard.append(("finish", stage))


def test_who_waits_hears_everything() -> None:
    waiting = Waiting()
    watch = StopWatch(waiting)

    watch.start("merge", 3)
    watch.advance("merge", "level 1")
    watch.finish("merge")

    assert waiting.heard == [
        ("start", "merge", "3"),
        ("advance", "merge", "level 1"),
        ("finish", "merge"),
    ]


def test_a_stage_takes_from_its_first_word_to_its_end_and_adds_up() -> None:
    watch = StopWatch(Waiting())
    for _ in range(2):
        watch.start("gate", 0)
        time.sleep(0.02)
        watch.start("gate", 2)
        watch.finish("gate")
    watch.finish("never begun")

    assert list(watch.stages) == ["gate"]
    assert 0.04 <= watch.stages["gate"] < 2
