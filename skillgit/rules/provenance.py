"""SG301 to SG309: what a lesson commit must prove. The texts; `review/verify.py` enforces them."""

from __future__ import annotations

from skillgit.rules.rule import RuleInfo, told

PROVENANCE: tuple[RuleInfo, ...] = (
    told(
        "SG301",
        "The trailers are complete and well formed",
        """Each key stands in the last paragraph of the message, once, in the form of section 7.

        Bad:
            Skillgit-Support: many
        Good:
            Skillgit-Support: 178/323 (27 fail, 151 pass)
        """,
    ),
    told(
        "SG302",
        "The evidence is there",
        """The blob that Skillgit-Evidence names exists, is readable, and the round lists it.

        Fetch it with: git fetch origin 'refs/skillgit/*:refs/skillgit/*'

        Bad:
            refs/skillgit/rounds/<round> was never pushed
        Good:
            refs/skillgit/rounds/<round> is there, and lists the lesson
        """,
    ),
    told(
        "SG303",
        "The support adds up",
        """Support is the size of the set of source trajectories, carried by the program.

        It is counted again from the evidence: of the edits, of the merges that led to them, and of
        the trajectories that were analysed.

        Bad:
            Skillgit-Support: 9/40 and eight trajectories in the evidence
        Good:
            Skillgit-Support: 8/40 and eight trajectories in the evidence
        """,
    ),
    told(
        "SG304",
        "The commit changes what its digest says",
        """Skillgit-Patch is the SHA-256 of the canonical diff. A commit that was amended by hand
        has another one: then it is a person's commit, and its trailers must go.

        Bad:
            an amended commit with the old trailers
        Good:
            the commit as the round wrote it, and a second one on top
        """,
    ),
    told(
        "SG305",
        "The base is known, and an ancestor",
        """Skillgit-Base is the commit that the round read; a lesson grows out of it.

        Bad:
            Skillgit-Base: a commit of another repository
        Good:
            Skillgit-Base: the commit that the round's branch began at
        """,
    ),
    told(
        "SG306",
        "Nothing outside the skill changes",
        """A lesson of Skillgit-Skill changes files in that folder and nowhere else.

        Bad:
            a lesson of skills/xlsx that also changes .github/workflows/ci.yml
        Good:
            a lesson of skills/xlsx that changes skills/xlsx/SKILL.md
        """,
    ),
    told(
        "SG307",
        "Lessons of one round share no base lines",
        """Otherwise one could not be dropped without the other. The same as SG202, on commits.

        Bad:
            two commits of a round that change line 12 of the base
        Good:
            each line of the base belongs to one commit at most
        """,
    ),
    told(
        "SG308",
        "The edits of the evidence give the commit",
        """The edits are applied to the base once more, and must give what the commit changed.

        Bad:
            evidence with one edit, and a commit with two hunks
        Good:
            evidence with two edits, and a commit with their two hunks
        """,
    ),
    told(
        "SG309",
        "The trajectories are those of the evidence",
        """Ids, digests and results in the trailers are those in the lesson's evidence and in the
        round's list of trajectories, and an id is the beginning of its digest.

        Bad:
            a Skillgit-Trajectory trailer that the evidence does not list
        Good:
            the trailers list the strongest sources of the evidence
        """,
    ),
)
