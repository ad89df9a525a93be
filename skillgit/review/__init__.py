"""What a reader of the history asks: which rounds and lessons are there, and why this line?"""
