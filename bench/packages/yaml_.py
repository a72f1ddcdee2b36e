"""pyyaml: a document read and written."""

import yaml

print(yaml.safe_load("a: [1, 2.5, null]\nb: {c: 2024-01-01}"), yaml.safe_dump({"x": [1, {"y": 2}]}))
