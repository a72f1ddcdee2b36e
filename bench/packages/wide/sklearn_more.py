"""scikit-learn: many estimators, through several modules."""

import pickle

import numpy as np
from sklearn import (
    cluster,
    datasets,
    decomposition,
    ensemble,
    gaussian_process,
    manifold,
    metrics,
    neighbors,
    svm,
    tree,
)
from sklearn.compose import ColumnTransformer
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import IterativeImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import all_estimators

x, y = datasets.load_iris(return_X_y=True)
models = [svm.SVC(), tree.DecisionTreeClassifier(random_state=0), neighbors.KNeighborsClassifier()]
models += [
    ensemble.HistGradientBoostingClassifier(max_iter=3),
    gaussian_process.GaussianProcessClassifier(random_state=0),
]
print([round(pickle.loads(pickle.dumps(model.fit(x, y))).score(x, y), 3) for model in models])
print(
    cluster.KMeans(2, n_init=1, random_state=0).fit(x).labels_[:3].tolist(),
    decomposition.PCA(2).fit_transform(x).shape,
)
print(
    manifold.TSNE(random_state=0, max_iter=250).fit_transform(x[:40]).shape,
    round(metrics.roc_auc_score([0, 1], [0.1, 0.9]), 2),
)
print(
    TfidfVectorizer().fit_transform(["a bc", "bc d"]).shape,
    np.isnan(IterativeImputer().fit_transform([[1, np.nan], [2, 3]])).any(),
)
print(
    ColumnTransformer([("a", StandardScaler(), [0]), ("b", OneHotEncoder(), [1])])
    .fit_transform([[1, 0], [2, 1]])
    .shape,
    len(all_estimators()) > 150,
)
