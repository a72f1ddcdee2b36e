"""Ray: jobs on an existing cluster through its Jobs API, results and output through its API for log files.

Both are plain HTTP on the dashboard's port, so nothing of Ray has to be installed here, and a client works with
clusters of other versions; Ray's own client would bring 100 MB along and wants the cluster's exact version.
"""
