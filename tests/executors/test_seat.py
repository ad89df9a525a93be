"""What a worker of a cluster does, in this process: the board is here, and no Ray is needed."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from scripted import ScriptedEndpoint, replying

from skillgit import config as settings
from skillgit.adapters.prompts import JinjaPrompts
from skillgit.endpoint.ask import StoredAsk
from skillgit.endpoint.store import ReplyStore
from skillgit.errors import SurroundingsError
from skillgit.executors.cluster import seat as seats
from skillgit.executors.cluster.line import Answer, Board, BoardLine, Line, Question, answer_all
from skillgit.executors.cluster.seat import Job, Seat, work_batch
from skillgit.ports import Call, NoReply, Reply
from skillgit.stages.analyze import Desk
from skillgit.types import Usage
from skillgit.wiring.desks import AnalystDesk, Lodging
from skillgit.wiring.workplace import Needed, answers_of


@dataclass
class Here:
    """The handle of a board whose driver answers at once."""

    answers: dict[str, Callable[..., object]]
    asked: list[Question] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)

    @property
    def ask(self) -> Here:
        return self

    def remote(self, questions: Sequence[Question]) -> Here:
        self.asked += questions
        self.messages.append(len(questions))
        return self

    def future(self) -> Future[list[Answer]]:
        said: Future[list[Answer]] = Future()
        said.set_result([self._answer(*asked) for asked in self.asked[-self.messages[-1] :]])
        return said

    def _answer(self, name: str, arguments: tuple[object, ...]) -> Answer:
        try:
            return True, self.answers[name](*arguments)
        except SurroundingsError as error:
            return False, error


@dataclass(frozen=True)
class Counting:
    """An opening that tells how often it was used."""

    name: str

    async def __call__(self, line: Line) -> Seat[str]:
        line.tell("opened", self.name)

        async def close() -> None:
            line.tell("closed", self.name)

        return Seat(self.name, lambda: line.tell("spent", 1), close)


@pytest.fixture(autouse=True)
def new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(seats, "_process", made := seats._Process())  # noqa: SLF001 - to end it
    yield
    made._loop.close()  # noqa: SLF001 - the same


@pytest.fixture
def board() -> Here:
    names = ("opened", "closed", "spent", "done")
    return Here(dict.fromkeys(names, lambda *_: None))


async def greet(desk: str, shared: str, item: int) -> str:
    if item < 0:
        raise SurroundingsError("asking: gone", hint="start it")
    await asyncio.sleep(0)
    return f"{desk} {shared} {item}"


def job(number: int, name: str = "a") -> Job:
    return Job(number, pickle.dumps(Counting(name)), greet, "says", 2)


def test_results_go_to_the_driver_one_by_one_and_a_desk_is_built_once(board: Here) -> None:
    assert work_batch(job(1), [(4, 40), (5, 50), (6, 60)], board) is None
    assert work_batch(job(2), [(0, 1)], board) is None
    assert work_batch(job(3, "b"), [(0, 1)], board) is None
    assert [arguments for name, arguments in board.asked if name == "done"] == [
        (1, 4, "a says 40"),
        (1, 5, "a says 50"),
        (1, 6, "a says 60"),
        (2, 0, "a says 1"),
        (3, 0, "b says 1"),
    ]
    assert [arguments for name, arguments in board.asked if name == "opened"] == [("a",), ("b",)]
    assert len(board.messages) == 3, "what is told at once is one message"


def test_a_process_keeps_few_desks(board: Here) -> None:
    for number, name in enumerate("abcdefa"):
        assert work_batch(job(number, name), [(0, 1)], board) is None
    changes = [
        (name, *arguments) for name, arguments in board.asked if name in {"opened", "closed"}
    ]
    assert changes == [
        *(("opened", name) for name in "abcd"),
        *[("closed", "a"), ("opened", "e")],
        *[("closed", "b"), ("opened", "f")],
        *[("closed", "c"), ("opened", "a")],
    ]


def test_what_a_person_can_act_on_comes_back_as_a_value(board: Here) -> None:
    failure = work_batch(job(1), [(0, 1), (1, -1)], board)
    assert isinstance(failure, SurroundingsError)
    assert (failure.message, failure.hint) == ("asking: gone", "start it")
    again = pickle.loads(pickle.dumps(failure))  # noqa: S301 - as Ray does
    assert (again.message, again.hint) == ("asking: gone", "start it")
    other = work_batch(replace(job(1), version="0.0.1"), [(0, 1)], board)
    assert isinstance(other, SurroundingsError)
    assert "and here it is 0.0.1" in other.message


def test_what_went_wrong_at_the_driver_ends_the_batch(board: Here) -> None:
    def full(*_: object) -> None:
        raise SurroundingsError("writing to replies.db: the disk is full", hint="make room")

    board.answers["done"] = full
    failure = work_batch(job(1), [(0, 1)], board)
    assert isinstance(failure, SurroundingsError)
    assert failure.message == "writing to replies.db: the disk is full"


async def interrupted(desk: list[str], shared: str, item: int) -> None:
    del shared
    if item:
        raise KeyboardInterrupt
    try:
        await asyncio.sleep(30)
    finally:
        desk.append("cleaned up")


@dataclass(frozen=True)
class Listing:
    async def __call__(self, line: Line) -> Seat[list[str]]:
        async def close() -> None:
            line.tell("closed")

        return Seat(CLEANED, lambda: None, close)


CLEANED: list[str] = []


def test_a_batch_that_nobody_waits_for_cleans_up_behind_itself(board: Here) -> None:
    with pytest.raises(KeyboardInterrupt):
        work_batch(Job(1, pickle.dumps(Listing()), interrupted, "", 2), [(0, 0), (1, 1)], board)
    assert CLEANED == ["cleaned up"]


def test_questions_wait_on_the_board_until_the_driver_comes() -> None:
    async def run() -> list[Answer]:
        board = Board()
        asked = [asyncio.ensure_future(board.ask([("add", (number, 1))])) for number in range(3)]

        def add(one: int, other: int) -> int:
            if one == 2:
                raise SurroundingsError("adding: too much", hint="")
            return one + other

        serving = asyncio.ensure_future(answer_all(_Direct(board), {"add": add}))
        answers = [(await one)[0] for one in asked]
        await board.close()
        await asyncio.wait_for(serving, 5)
        return answers

    first, second, third = asyncio.run(run())
    assert (first, second) == ((True, 1), (True, 2))
    assert not third[0]
    assert str(third[1]) == "adding: too much"


class _Direct:
    """A board without an actor around it."""

    def __init__(self, board: Board) -> None:
        self.fetch, self.pin = _Method(board.fetch), _Method(board.pin)


@dataclass
class _Method:
    remote: Callable[..., object]


# ------------------------------------------------------------------ the desk of a round


def desk(line: Line, config: settings.Config, needed: Needed | None = None) -> Seat[Desk]:
    lodging = Lodging.of(config, "tiny", JinjaPrompts().digest()).shared_by(2)
    return asyncio.run(AnalystDesk(lodging, needed or Needed())(line))


def test_a_worker_remembers_and_pays_through_the_driver(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLGIT_API_KEY", "sesame")
    with (
        ScriptedEndpoint(api_key="sesame") as endpoint,
        ReplyStore(tmp_path / "replies.db") as store,
    ):
        endpoint.queue(replying({"n": 1}), replying({"n": "no"}), replying({"n": 2}))
        config = settings.Config(
            endpoint=settings.Endpoint(base_url=endpoint.url, retries=1, workers=5)
        )
        account = StoredAsk(None, store, config.endpoint)
        board = Here(dict(answers_of(config, account, store)))

        async def run() -> list[Reply | NoReply]:
            line = BoardLine(board)
            lodging = Lodging.of(config, "tiny", JinjaPrompts().digest())
            seat = await AnalystDesk(lodging, Needed())(line)
            ask = seat.desk.model.ask
            replies = [
                await ask(call),
                await ask(call),
                await ask(replace(call, label="other", seed=99)),
            ]
            seat.report()
            seat.report()
            line.flush()
            await seat.close()
            return replies

        first, again, other = asyncio.run(run())
    assert isinstance(first, Reply)
    assert isinstance(again, Reply)
    assert isinstance(other, Reply)
    assert (first.value, again.value, other.value) == ({"n": 1}, {"n": 1}, {"n": 2})
    assert (first.cached, again.cached) == (False, True)
    assert account.usage == first.usage + again.usage + other.usage
    assert account.usage == Usage(3, 1, 1, 30, 0, 15)
    assert [name for name, _ in board.asked].count("spent") == 1


@pytest.mark.parametrize("content", [None, "12345"])
def test_a_machine_that_does_not_see_the_same_files_is_named(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "tasks.toml"
    if content:
        path.write_text(content)
    answers: Mapping[str, Callable[..., object]] = {"key": lambda: ""}
    with pytest.raises(
        SurroundingsError, match=r"does not see .*tasks\.toml as this one"
    ) as failure:
        desk(BoardLine(Here(dict(answers))), settings.Config(), Needed(((path, 7),)))
    assert "under the same path" in failure.value.hint


def test_a_machine_with_other_prompts_is_refused() -> None:
    lodging = replace(Lodging.of(settings.Config(), "tiny", JinjaPrompts().digest()))
    strange = replace(lodging, prompts=JinjaPrompts().digest()[:-1] + "x")  # type: ignore[arg-type] # any text
    with pytest.raises(SurroundingsError, match="asks in other words"):
        asyncio.run(AnalystDesk(strange)(BoardLine(Here({"key": lambda: ""}))))


def test_the_places_at_the_endpoint_are_shared() -> None:
    lodging = Lodging.of(settings.Config(), "tiny", JinjaPrompts().digest())
    assert lodging.shared_by(3).config.endpoint.workers == 43
    assert lodging.shared_by(1).config.endpoint.workers == 128
