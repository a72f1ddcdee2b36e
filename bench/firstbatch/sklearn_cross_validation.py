"""scikit-learn: outermost fit."""

import os

from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score
from sklearn.tree import DecisionTreeClassifier

X, y = load_iris(return_X_y=True)
tree, score = DecisionTreeClassifier(), cross_val_score
os.write(1, b"##TTFB\n")
print("mean", score(tree, X, y, cv=5).mean() > 0.5)
