"""tqdm: a bar around a loop."""

import io

from tqdm.auto import tqdm

print(sum(tqdm(range(5), file=io.StringIO())))
