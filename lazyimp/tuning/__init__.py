"""Running a program again and again, and comparing: verify, bisect, tune."""
