"""lazyimp inside other tools: each file is loaded by the tool it is for."""
