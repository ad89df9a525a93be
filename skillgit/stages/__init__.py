"""The stages of a round; open this folder first. Stages never import each other.

| stage | door | its one question |
|---|---|---|
| rollout | `rollout(skill, tasks, seeds, options, crew) -> RunResult…` | how does an agent fare? |
| collect | `collect(files, options, outcomes) -> Pool` | what happened, and did it succeed? |
| analyze | `analyze(skill, pool, options, model, crew) -> Analysis` | what would each change? |
| consolidate | `consolidate(skill, patches, options, model) -> ChangeSet` | which edits survive? |
| guard | `guard(skill, edits, pool) -> Verdict` | is it allowed, well formed and small enough? |
| gate | `gate(skill, rivals, trial) -> Passage` | is the skill better for it? |
| record | `record(repository, skill, edits, …) -> Branch` | how does the history tell it? |
| create | `create(order, repo, author) -> Creation` | what does the model know already? |
| remember | `remember(pool, wish, model, …) -> Memories` | what is worth telling at such tasks? |

`pipeline.evolve` calls collect to record in this order and is the table of contents.
"""
