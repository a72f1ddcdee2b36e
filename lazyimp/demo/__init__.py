"""The toy program of `lazyimp demo`."""
