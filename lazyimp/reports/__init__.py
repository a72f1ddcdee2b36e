"""Reports: one reporter per output, each made from a Profile or a Manifest and nothing else."""
