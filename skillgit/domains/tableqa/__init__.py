"""Questions about tables (WikiTableQuestions) as spreadsheet tasks: `Domain` is in domain.py."""
