"""What a manifest can be written as: one file per output, each a function from a Manifest to text."""
