"""Where work is done; `ports.Executor` says what these promise.

local.py    in this process: an event loop, so many places
cluster/    on the machines of a Ray cluster
"""
