"""scikit-learn: a forest in a cross-validated search."""

from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV

x, y = load_iris(return_X_y=True)
search = GridSearchCV(RandomForestClassifier(n_estimators=4, random_state=0), {"max_depth": [1, 3]}, cv=2)
print(search.fit(x, y).best_params_, round(search.best_score_, 4))
