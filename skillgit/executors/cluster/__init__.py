"""Work on the machines of a Ray cluster. Import it late: Ray takes its time.

quiet.py      what is to be said to Ray before it is imported
joining.py    from an address to a cluster, and what is wrong where there is none
line.py       how workers and the driver speak: the driver keeps everything that lasts
seat.py       a worker process: a desk, built once, and batches of items
executor.py   the driver: so many batches under way, results in order

The driver alone holds files, keys and accounts. A worker asks it for what was answered before,
and hands it each reply and each result as it comes: a machine that dies takes nothing along.
"""
