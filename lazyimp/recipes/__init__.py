"""What each distribution needs kept eager in mode deep, and why: data, compiled by the build."""
