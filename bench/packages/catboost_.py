"""catboost: a small classifier."""

from catboost import CatBoostClassifier

model = CatBoostClassifier(iterations=3, verbose=0, allow_writing_files=False, thread_count=1)
print(model.fit([[1], [2], [3], [4]], [0, 1, 0, 1]).tree_count_)
