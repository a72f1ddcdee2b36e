"""Running a program that records itself: in the foreground or in rounds, and where what it wrote is kept."""
