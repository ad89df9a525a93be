"""Questions about pictures of documents, as DocVQA asks them (arXiv:2007.00398).

anls.py       how near an answer is: ANLS, its edge cases included
domain.py     `Domain`: an answer is read off a picture and left as a text
benchmark.py  the published layout, `val_v1.0.json`
pictures.py   files that are shown
"""
