"""What the stages need from outside, as small protocols; `adapters/` and others hold the real ones.

model.py        calls, conversations, prompts, progress
executor.py     where work is done
sandbox.py      commands that a model wrote
repository.py   Git
remote.py       another repository
"""

from skillgit.ports.executor import Executor
from skillgit.ports.model import (
    Ask,
    Call,
    Converse,
    Failure,
    JsonObject,
    Message,
    Model,
    NoReply,
    Observations,
    Progress,
    Prompts,
    Reply,
    Spoken,
    ToolRequest,
    ToolSpec,
    Turn,
)
from skillgit.ports.remote import Remote
from skillgit.ports.repository import (
    BlamedLine,
    Commit,
    History,
    Keeper,
    Merged,
    NewCommit,
    RefMove,
    Repository,
    Signature,
    TreeChange,
    Workshop,
)
from skillgit.ports.sandbox import Ran, Sandbox

__all__ = [
    "Ask",
    "BlamedLine",
    "Call",
    "Commit",
    "Converse",
    "Executor",
    "Failure",
    "History",
    "JsonObject",
    "Keeper",
    "Merged",
    "Message",
    "Model",
    "NewCommit",
    "NoReply",
    "Observations",
    "Progress",
    "Prompts",
    "Ran",
    "RefMove",
    "Remote",
    "Reply",
    "Repository",
    "Sandbox",
    "Signature",
    "Spoken",
    "ToolRequest",
    "ToolSpec",
    "TreeChange",
    "Turn",
    "Workshop",
]
