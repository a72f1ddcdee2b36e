"""scikit-learn: a pipeline fits and predicts."""

from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

x, y = make_classification(n_samples=80, random_state=0)
print(round(make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y).score(x, y), 4))
