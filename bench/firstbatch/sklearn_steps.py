"""scikit-learn: outermost fit."""  # transformers by hand first

import os

from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

X, y = load_digits(return_X_y=True)
X = make_pipeline(StandardScaler(), PCA(32)).fit_transform(X)
X = SelectFromModel(DecisionTreeClassifier(random_state=0)).fit_transform(X, y)  # its tree is no training
forest = RandomForestClassifier(20, random_state=0)
os.write(1, b"##TTFB\n")
print("score", forest.fit(X, y).score(X, y) > 0.5)
