"""Train the model: writes model.joblib, the same bytes every time (same versions, same processor)."""

from pathlib import Path

import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression


def train(path):
    """Fit the classifier to the whole data set and write it to ``path``."""
    features, species = load_iris(return_X_y=True)
    model = LogisticRegression(C=1.0, solver="lbfgs", max_iter=1000).fit(features, species)
    joblib.dump(model, path)
    return model.score(features, species)


if __name__ == "__main__":
    print(f"accuracy {train(Path(__file__).parent / 'model.joblib'):.3f}")
