"""The ReAct loop of rollouts and of error analysts, its tools, and the folder it works in."""
