"""What a round would find here: Git, the machine, the endpoint and what its model can do."""
