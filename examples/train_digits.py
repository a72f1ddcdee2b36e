"""Trains a digit classifier in mini-batches: a small real program with the imports such programs have.

It needs numpy, pandas, scikit-learn and matplotlib. Reports and plots are for the end of a run, so
much of what is imported here is not needed before the first batch.
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.manifold import TSNE
from sklearn.metrics import classification_report
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier

import clock
import lazyimp

MODELS = {
    "linear": lambda: SGDClassifier(loss="log_loss", random_state=0),
    "mlp": lambda: MLPClassifier((64,), random_state=0),
}


def read_options():
    """What to train, and what to make of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=sorted(MODELS), default="linear")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--search", action="store_true", help="compare with tree ensembles afterwards")
    parser.add_argument("--table", help="write the losses to this CSV file")
    parser.add_argument("--plot", help="write the loss curve to this file")
    parser.add_argument("--map", help="write a two-dimensional map of the digits to this file")
    parser.add_argument("--clock", action="store_true", help="tell the time of the first batch on stderr")
    return parser.parse_args()


def train(model, images, labels, options):
    """Train in mini-batches; returns the share of wrong answers after each epoch."""
    order = np.random.default_rng(0)
    wrong = []
    first = True
    for _ in range(options.epochs):
        shuffled = order.permutation(len(images))
        for start in range(0, len(images), options.batch):
            rows = shuffled[start : start + options.batch]
            if first:
                lazyimp.first_batch()
            model.partial_fit(images[rows], labels[rows], classes=np.arange(10))
            if first and options.clock:
                clock.tell()
            first = False
        wrong.append(float(np.mean(model.predict(images) != labels)))
    return wrong


def report(options, wrong, images, labels):
    """The optional extras at the end of a run."""
    if options.table:
        pd.DataFrame({"wrong": wrong}).to_csv(options.table, index_label="epoch")
    if options.plot:
        plt.plot(wrong)
        plt.savefig(options.plot)
    if options.map:
        points = TSNE(random_state=0).fit_transform(images)
        plt.scatter(*points.T, c=labels)
        plt.savefig(options.map)
    if options.search:
        forest = GridSearchCV(RandomForestClassifier(random_state=0), {"max_depth": [4, 8]})
        for other in (forest, HistGradientBoostingClassifier(random_state=0)):
            print(f"{type(other).__name__}: {other.fit(images, labels).score(images, labels):.4f}")


def main():
    """Load, train, report."""
    options = read_options()
    data = load_digits()
    images, test_images, labels, test_labels = train_test_split(data.data / 16.0, data.target, random_state=0)
    model = MODELS[options.model]()
    wrong = train(model, images, labels, options)
    print("wrong answers by epoch:", " ".join(f"{share:.4f}" for share in wrong))
    print(classification_report(test_labels, model.predict(test_images), digits=4))
    report(options, wrong, images, labels)


if __name__ == "__main__":
    main()
