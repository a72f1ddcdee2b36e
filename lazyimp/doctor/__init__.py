"""What is right and wrong with an environment, as values: each check looks at one thing and proves what it says."""
