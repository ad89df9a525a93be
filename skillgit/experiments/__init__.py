"""Experiments as the paper makes them: plans, matrices of cells, tables. Pure.

    plan.py      what a plan says: models, skills, domains, tables
    reading.py   from a YAML document to a plan (its tables: table_reading.py, fields: fields.py)
    one_name.py  several names for one model
    matrix.py    from a plan to steps: drafts, rollouts, rounds, evaluations; each of them once
    figures.py   from graded runs to figures with intervals
    tables.py    from outcomes to the tables of the paper
    layout.py    tables as text, Markdown and CSV
    drawing.py   tables as SVG
    estimates.py what a plan will ask of the models, before it asks

It lies above `evaluation` and `domains`, whose values it counts and chooses, and below everything
that runs something: who prints a table needs no endpoint, no Git and no sandbox.
"""
