"""How the model is asked: one checked call, retried, and remembered so that none is paid twice."""
