"""A task set about sums, and an endpoint's agent that works on it as the query says.

    tasks = write_tasks(tmp_path / "tasks", {"a": HONEST, "b": TYPED})
    with ScriptedEndpoint(agent) as endpoint: ...

The agent speaks in blocks of text. The query of a task holds the program that it writes in its
first turn, for a scripted model has to know from somewhere what to do; in the second it is done.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path

from scripted import Answer, Request

HONEST = """
numbers = [int(line) for line in open("numbers.txt")]
with open("answer.txt", "w") as file:
    file.write(str(sum(numbers)))
print("sum:", sum(numbers))
"""
TYPED = 'open("answer.txt", "w").write("6")'  # right for 1 + 2 + 3 alone
WRONG = 'open("answer.txt", "w").write("7")'
NOTHING = "print('I looked.')"
LINK = """
import os
os.symlink("/etc/passwd", "answer.txt")
os.symlink("numbers.txt", "alias")
os.mkfifo("pipe")
"""
KILLED = (
    "import os, signal\nopen('answer.txt', 'w').write('6')\nos.kill(os.getpid(), signal.SIGKILL)"
)
HANG = "open('answer.txt', 'w').write('6')\nwhile True: pass"

CASES = ((1, 2, 3), (10, 20, 5))


def write_tasks(folder: Path, programs: Mapping[str, str], cases: int = 1) -> Path:
    """One task for each program, by id."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ['schema = "skillgit.tasks/1"', 'domain = "text"']
    for number, numbers in enumerate(CASES, 1):
        text = "".join(f"{each}\n" for each in numbers)
        (folder / f"numbers-{number}.txt").write_text(text)
        (folder / f"sum-{number}.txt").write_text(f"{sum(numbers)}\n")
    for name, program in programs.items():
        hidden = base64.b64encode(program.encode()).decode()
        lines += ["[[task]]", f'id = "{name}"', f'query = "Add the numbers. <{hidden}> ({name})"']
        lines += ['inputs = {"numbers.txt" = "numbers-1.txt"}', 'gold = "sum-1.txt"']
        for further in range(2, cases + 1):
            lines += ["[[task.case]]", f'inputs = {{"numbers.txt" = "numbers-{further}.txt"}}']
            lines += [f'gold = "sum-{further}.txt"']
    (folder / "tasks.toml").write_text("\n".join(lines) + "\n")
    return folder


def agent(request: Request) -> Answer:
    """Run the program of the query, then say that it is done."""
    messages = request["messages"]
    asked = [n for n, message in enumerate(messages) if "Add the numbers." in message["content"]]
    if len(messages) - asked[-1] > 1:
        return Answer("DONE", prompt_tokens=300, output_tokens=2)
    return Answer(f"I add them.\n\n```python\n{program_of(request)}\n```", prompt_tokens=200)


def program_of(request: Request) -> str:
    """The program that the query of a request's task hides."""
    text = "\n".join(message["content"] for message in request["messages"])
    (hidden,) = set(re.findall(r"Add the numbers\. <([A-Za-z0-9+/=]+)>", text))
    return base64.b64decode(hidden).decode()
