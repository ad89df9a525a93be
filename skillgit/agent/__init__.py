"""The ReAct loop and its tools; used by rollouts and by error analysts."""
