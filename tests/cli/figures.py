"""figures.py ANSWER TRUTH OUTPUTS KIND: are the figures of `lockstep eval --json` those of scikit-learn?

TRUTH and OUTPUTS have a sample a line; KIND is classes (a class number; probabilities), yes (0 or 1; a
probability each) or numbers. Prints what was compared. Undefined figures (null) are compared with what
scikit-learn leaves out.

figures.py LIST: the same for each line of a file, which has these arguments, a line of output each; what takes
longest is to load scikit-learn.
"""
import json
import os
import sys
import warnings

import numpy as np
from sklearn import metrics as m

warnings.simplefilter("ignore")
if len(sys.argv) == 2:
    failed = 0
    for line in open(sys.argv[1]):
        child = os.fork()
        if child == 0:
            sys.argv[1:] = line.split()
            break
        if os.waitpid(child, 0)[1] != 0:
            failed = 1
            print(line.split()[0], "differs", flush=True)
    else:
        sys.exit(failed)
answer = json.load(open(sys.argv[1]))
truth = np.loadtxt(sys.argv[2], ndmin=2, delimiter=",")
outputs = np.loadtxt(sys.argv[3], ndmin=2, delimiter=",", skiprows=1)
kind = sys.argv[4]
want = {}
width = outputs.shape[1]


def columns(of):
    """What `of` gives for each class or output, by itself."""
    yes = np.stack([truth[:, 0] == c for c in range(width)], 1) if kind == "classes" else truth > 0.5
    return [of(yes[:, c], outputs[:, c]) for c in range(width)]


def mean(values):
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None


if kind == "classes":
    label, taken = truth[:, 0].astype(int), outputs.argmax(1)
    seen = sorted(set(label) | set(taken))
    want["accuracy"] = m.accuracy_score(label, taken)
    want["balanced_accuracy"] = m.balanced_accuracy_score(label, taken)
    want["f1"] = m.f1_score(label, taken, average="macro", labels=seen, zero_division=0)
    want["f1_micro"] = m.f1_score(label, taken, average="micro")
    by = m.precision_recall_fscore_support(label, taken, labels=range(width), zero_division=0)
    for key, values in zip(("precision", "recall", "f1_by_class"), by):
        want[key] = list(values)
elif kind == "yes":
    taken = outputs > 0.5
    ours = [m.f1_score(truth[:, c], taken[:, c], zero_division=0) for c in range(width)
            if truth[:, c].any() or taken[:, c].any()]
    want["f1"] = mean(ours)
    if truth.any() or taken.any():
        want["f1_micro"] = m.f1_score(truth.ravel(), taken.ravel())
    want["accuracy"] = (taken == (truth > 0.5)).mean()
    if width > 1 and len(ours) == width:  # scikit-learn's own words for several labels of a sample
        assert abs(want["f1"] - m.f1_score(truth, taken, average="macro", zero_division=0)) < 1e-12
        assert abs(want["f1_micro"] - m.f1_score(truth, taken, average="micro")) < 1e-12
    want["balanced_accuracy"] = mean(
        [r for c in range(width)
         for r in m.recall_score(truth[:, c], taken[:, c], labels=np.unique(truth[:, c]), average=None)])

if kind != "numbers":
    both = lambda yes: yes.any() and not yes.all()
    by = {"auc": columns(lambda yes, p: m.roc_auc_score(yes, p) if both(yes) else None),
          "average_precision": columns(lambda yes, p: m.average_precision_score(yes, p) if yes.any() else None)}
    for key, values in by.items():
        want[key], want[key + "_by_class"] = mean(values), values
    ones = np.stack(columns(lambda yes, p: yes), 1).astype(float)
    square = (outputs - ones) ** 2
    want["brier"] = square.sum(1).mean() if kind == "classes" else square.mean()
    if width == 1:
        assert abs(want["brier"] - m.brier_score_loss(truth[:, 0], outputs[:, 0])) < 1e-12
    p, hit = outputs.ravel(), ones.ravel()
    if kind == "classes":
        p, hit = outputs.max(1), label == taken
    bins = np.clip(np.searchsorted(np.linspace(0, 1, 11), p) - 1, 0, 9)  # as calibration_curve's
    want["reliability"] = [{"samples": int((bins == i).sum()), "p": p[bins == i].mean() if (bins == i).any() else None,
                            "share": hit[bins == i].mean() if (bins == i).any() else None} for i in range(10)]
else:
    if "deviance" in sys.argv:  # the loss is poisson
        want["loss"] = m.mean_poisson_deviance(truth.ravel(), outputs.ravel()) / 2
    if width == 1:  # several: as they are trained
        want["mae"] = m.mean_absolute_error(truth, outputs)
        want["max_error"] = np.abs(truth - outputs).max()
        want["explained_variance"] = m.explained_variance_score(truth, outputs)
        want["r2"] = m.r2_score(truth, outputs)
    want["targets"] = [{"mae": m.mean_absolute_error(t, y), "rmse": m.mean_squared_error(t, y, squared=False),
                        "r2": m.r2_score(t, y), "explained_variance": m.explained_variance_score(t, y),
                        "max_error": m.max_error(t, y)} for t, y in zip(truth.T, outputs.T)]



def differ(ours, theirs):
    """None where they are the same number, list or object; else where they are not."""
    if isinstance(theirs, list):
        return next((d for i, (a, b) in enumerate(zip(ours, theirs)) if (d := differ(a, b))), None)
    if isinstance(theirs, dict):
        return next((f"{k}: {d}" for k in theirs if (d := differ(ours[k], theirs[k]))), None)
    if (ours is None) != (theirs is None):
        return f"{ours}, scikit-learn has {theirs}"
    if ours is None or abs(ours - theirs) <= 1e-7 * max(1, abs(theirs)):
        return None
    return f"{ours}, scikit-learn has {theirs}"


compared = []
for key, value in want.items():
    if key not in answer:
        continue
    ours = answer[key]
    if key in ("precision", "recall", "f1_by_class"):  # nothing of that class: scikit-learn says 0
        ours = [0 if a is None and b == 0 else a for a, b in zip(ours, value)]
    if d := differ(ours, value):
        sys.exit(f"{key}: {d}")
    compared.append(key)
print(*compared)
