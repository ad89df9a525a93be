"""The spreadsheet domain: SpreadsheetBench's scorer, a strict variant, and recalculation.

domain.py     the Domain of the registry          benchmark.py  public layouts of task sets
ranges.py     which cells are compared            cells.py      when two values are the same
comparing.py  one answer against the gold         hints.py      what may be said of a difference
opening.py    what is not opened                  books.py      workbooks in memory (openpyxl)
literals.py   how a program would spell values    recalc.py     what computes formulas
columns.py    a column as texts                   computing.py  recalculation, for graders
plain_book.py workbooks that are always the same
reader.py     the process that opens workbooks    confined.py   how it is asked
"""
