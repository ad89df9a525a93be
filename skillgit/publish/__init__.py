"""A round as people read it elsewhere: the body of a pull request, and one page of HTML.

story.py      what both tell, counted from Git and the evidence
tree.py       the merges of a round as a tree
body.py       Markdown within a forge's limits (markdown.py escapes, mermaid.py draws)
report.py     one file without scripts or requests (html.py escapes, chapters.py lays out)
"""
