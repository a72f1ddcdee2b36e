"""Ships a program: its environment, its code and its jobs on another machine, from a Manifest."""
