"""The start-up gate: what a program loads until its first batch, against a budget and against `lazyimp.lock`.

Sets and counts of modules decide, for they do not depend on how busy a machine is; times only advise.
"""
