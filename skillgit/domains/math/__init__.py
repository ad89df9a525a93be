"""The math domain: problems with one final answer, as GSM8K, MATH, AIME and DAPO-Math publish them.

domain.py     the Domain of the registry          layouts.py    public layouts of task sets
finding.py    the final answer in a solution      expected.py   what is expected, and in which form
numbers.py    plain numbers, compared exactly     judging.py    asks math-verify, and outlives it
official.py   the verdicts of the benchmarks      judge.py      the process that runs math-verify
spelling.py   answers that are not TeX
kinds.py      what a model may know of the right answer
dapo.py       DAPO's normalisation of answers     competition.py  MATH's normalisation of answers
"""
