#!/usr/bin/env python3
"""Test scores of lockstep's and scikit-learn's networks on small tables: the same splits, sizes and budgets.

  bench/tables.py [--lockstep build/lockstep] [--seeds 10] [--epochs 200] [KEY=VALUE...]

Each table is split anew for each seed; a quarter is the test. Both networks have one hidden layer of 100 relu units, Adam
at 0.001, batches of at most 200, and inputs (a regression's targets too) of mean 0 and deviation 1 by the training samples;
what is not named is each program's default. KEY=VALUE goes to lockstep. Printed: mean and standard deviation of the accuracy,
or of R2, over the seeds, and the mean difference with its standard error.
Needs python3-sklearn, whose Debian package brings the tables; two more are those of r-cran-mlbench and r-cran-modeldata,
and left out where Rscript does not find them. --only NAME: one table.
"""
import argparse
import json
import subprocess
import tempfile
import warnings
from pathlib import Path

import numpy as np
from sklearn import datasets
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def housing():
    path = Path(datasets.__file__).parent / "data" / "boston_house_prices.csv"
    table = np.loadtxt(path, delimiter=",", skiprows=2)
    return table[:, :-1], table[:, -1]


def of_r(package, name):
    """A data frame of an R package, its last column y: classes if it holds texts."""

    def load():
        script = f'data("{name}", package="{package}", envir=e <- new.env()); write.csv(e${name}, row.names=FALSE)'
        text = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=True).stdout
        rows = [line.replace('"', "").split(",") for line in text.splitlines()[1:]]
        y = [row[-1] for row in rows]
        is_text = not y[0][0].isdigit()
        return np.array([row[:-1] for row in rows], float), np.unique(y, return_inverse=True)[1] if is_text else np.array(y, float)

    return load


def bundled(load, *args, **kwargs):
    return lambda: load(*args, **kwargs)


TABLES = {  # name: what gives (x, y), and whether y is a class
    "iris": (bundled(datasets.load_iris, return_X_y=True), True),
    "wine": (bundled(datasets.load_wine, return_X_y=True), True),
    "breast cancer": (bundled(datasets.load_breast_cancer, return_X_y=True), True),
    "digits": (bundled(datasets.load_digits, return_X_y=True), True),
    "moons": (bundled(datasets.make_moons, 1000, noise=0.25, random_state=0), True),
    "housing": (housing, False),
    "diabetes": (bundled(datasets.load_diabetes, return_X_y=True), False),
    "concrete": (of_r("modeldata", "concrete"), False),
    "sonar": (of_r("mlbench", "Sonar"), True),
    "friedman 1": (bundled(datasets.make_friedman1, 1000, noise=1, random_state=0), False),
}


def write(path, x, y):
    names = [f"x{i}" for i in range(x.shape[1])] + ["y"]
    np.savetxt(path, np.column_stack([x, y]), "%.17g", ",", header=",".join(names), comments="")


def config(folder, inputs, classes, samples, seed, epochs):
    def source(name):
        return {"file": f"{folder}/{name}.csv", "x": [f"1-{inputs}"], "y": ["y"]}

    data = {"type": "csv", "train": source("train"), "test": source("test"), "scale": "standard"}
    if classes:
        data["classes"] = classes
    layers = [
        {"units": 100, "activation": "relu"},
        {"units": "out", "activation": "softmax" if classes else "linear"},
    ]
    return {
        "version": 1,
        "seed": seed,
        "data": data,
        "model": {"layers": layers},
        "loss": "cross_entropy" if classes else "mse",
        "optimizer": {"type": "adam", "lr": 0.001},
        "train": {"epochs": epochs, "batch": min(200, samples)},
        "checkpoint": {"every": "never"},
    }


def lockstep_score(o, classes, train, test, seed):
    with tempfile.TemporaryDirectory() as folder:
        write(f"{folder}/train.csv", *train)
        write(f"{folder}/test.csv", *test)
        text = json.dumps(config(folder, train[0].shape[1], classes, len(train[1]), seed, o.epochs))
        Path(f"{folder}/net.yaml").write_text(text)
        command = [o.lockstep, "train", f"{folder}/net.yaml", *o.set, "-o", f"{folder}/run", "-q"]
        run = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        if run.returncode:
            raise SystemExit(run.stderr)
        end = json.loads(Path(f"{folder}/run/metrics.jsonl").read_text().splitlines()[-1])
    # The loss of a regression is in units of the training targets' variance.
    return end["test_accuracy"] if classes else 1 - end["test_loss"] * train[1].var() / test[1].var()


def sklearn_score(o, classes, train, test, seed):
    net = (MLPClassifier if classes else MLPRegressor)(random_state=seed, max_iter=o.epochs)
    if not classes:
        net = TransformedTargetRegressor(net, transformer=StandardScaler())
    return make_pipeline(StandardScaler(), net).fit(*train).score(*test)


def compare(o, load, is_class):
    x, y = load()
    classes = int(y.max()) + 1 if is_class else 0
    ours, theirs = [], []
    for seed in range(1, o.seeds + 1):
        parts = train_test_split(x, y, test_size=0.25, random_state=seed, stratify=y if classes else None)
        train, test = parts[::2], parts[1::2]
        ours.append(lockstep_score(o, classes, train, test, seed))
        theirs.append(sklearn_score(o, classes, train, test, seed))
    return np.array(ours), np.array(theirs)


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--lockstep", default="build/lockstep")
    words.add_argument("--seeds", type=int, default=10)
    words.add_argument("--epochs", type=int, default=200)
    words.add_argument("--only", help="the name of one table")
    words.add_argument("set", nargs="*", metavar="KEY=VALUE")
    o = words.parse_args()
    warnings.filterwarnings("ignore")  # not converged: the budget is meant
    print(f"{'table':14s} {'lockstep':>16s} {'scikit-learn':>16s} {'difference':>18s}")
    for name, (load, is_class) in TABLES.items():
        if o.only and name != o.only:
            continue
        try:
            load()
        except (OSError, subprocess.CalledProcessError):
            print(f"{name:14s} not here", flush=True)
            continue
        ours, theirs = compare(o, load, is_class)
        difference = ours - theirs
        error = difference.std(ddof=1) / len(difference) ** 0.5
        print(
            f"{name:14s} {ours.mean():8.4f} ±{ours.std(ddof=1):6.4f} {theirs.mean():8.4f} ±{theirs.std(ddof=1):6.4f}"
            f" {difference.mean():+9.4f} ±{error:7.4f}",
            flush=True,
        )


main()
