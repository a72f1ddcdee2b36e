"""Which kinds of file systems lie on other machines, whose answers take long and whose memory is not ours to empty."""

_NAMES = "nfs nfs3 nfs4 lustre gpfs beegfs ceph cifs smb3 smbfs afs glusterfs 9p virtiofs"
REMOTE = frozenset(_NAMES.split())


def is_remote(kind: str) -> bool:
    """A file system of this kind, as /proc/self/mountinfo names it, is served by somebody else."""
    return kind in REMOTE or kind.startswith("fuse")
