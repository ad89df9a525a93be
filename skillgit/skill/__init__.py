"""What a skill is, what may be changed in it, and the rules it must meet; no I/O."""
