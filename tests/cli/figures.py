"""figures.py ANSWER TRUTH OUTPUTS KIND: are the figures of `lockstep eval --json` those of scikit-learn?

TRUTH and OUTPUTS have a sample a line; KIND is classes (a class number; probabilities), yes (0 or 1; a
probability each) or numbers. Prints what was compared. Undefined figures (null) are compared with what
scikit-learn leaves out.
"""
import json
import sys
import warnings

import numpy as np
from sklearn import metrics as m

warnings.simplefilter("ignore")
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
    want["balanced_accuracy"] = mean(
        [r for c in range(width)
         for r in m.recall_score(truth[:, c], taken[:, c], labels=np.unique(truth[:, c]), average=None)])

compared = []
for key, value in want.items():
    if key not in answer:
        continue
    pairs = zip(answer[key], value) if isinstance(value, list) else [(answer[key], value)]
    for ours, theirs in pairs:
        if isinstance(value, list) and ours is None and theirs == 0:
            continue  # nothing of that class: scikit-learn says 0
        if (ours is None) != (theirs is None) or (ours is not None and not abs(ours - theirs) < 1e-9):
            sys.exit(f"{key}: {answer[key]}, scikit-learn has {value}")
    compared.append(key)
print(*compared)
