#!/usr/bin/env python3
"""delay.py [SEEDS]: what old gradients alone do to plain descent on zalando.yaml's network. No MPI, no clock: NumPy, one process; every update is made from
the weights of so many updates ago as ranks of a given speed would make it. The same numbers each time. Needs NumPy and Debian's dataset-fashion-mnist."""
import gzip
import sys

import numpy as np

FOLDER = "/usr/share/datasets/fashion-mnist/"
UNITS = [784, 20, 20, 20, 20, 10]
BATCH = 50


def read(name, skip):
    return np.frombuffer(gzip.open(FOLDER + name).read(), np.uint8, offset=skip)


def images(name):
    return read(name, 16).reshape(-1, 784).astype(np.float32) / 255


def forward(weights, x):
    values = [x]
    for w, b in weights[:-1]:
        values.append(np.maximum(values[-1] @ w + b, 0))
    w, b = weights[-1]
    return values, values[-1] @ w + b


def gradient(weights, x, y):
    values, z = forward(weights, x)
    d = np.exp(z - z.max(1, keepdims=True))
    d /= d.sum(1, keepdims=True)
    d[np.arange(len(y)), y] -= 1
    d /= len(y)
    result = []
    for (w, _), value in zip(weights[::-1], values[::-1]):
        result.append((value.T @ d, d.sum(0)))
        d = (d @ w.T) * (value > 0)
    return result[::-1]


def train(seed, lr, ranks, late=0.0, bound=None, epochs=5, falls=False):
    """falls: the rate rises over the first epoch, and is a cosine down to 0, as in zalando.yaml;
    late: the share of gradients whose rank is put aside for 100 times as long as a gradient takes; bound: gradients that are further behind are made again."""
    random = np.random.default_rng(seed)
    weights = [((random.standard_normal(shape) * np.sqrt(2 / shape[0])).astype(np.float32), np.zeros(shape[1], np.float32)) for shape in zip(UNITS, UNITS[1:])]
    steps = len(X) // BATCH
    steps_in_all = steps * epochs
    ends = random.random(ranks)  # when each rank has its gradient
    held = [(0, 0, weights)] * ranks  # minibatch, updates made by then, weights
    taken = made = 0
    delays = []
    for rank in range(ranks):
        held[rank] = (taken, made, weights)
        taken += 1
    while made < steps * epochs:
        rank = int(np.argmin(ends))
        step, seen, old = held[rank]
        delay = made - seen
        if bound is not None and delay > bound:
            delay, old = 0, weights
        if step % steps == 0 or made == 0:
            order = np.random.default_rng([seed, step // steps]).permutation(len(X))
        rows = order[step % steps * BATCH :][:BATCH]
        rate = lr
        if falls:
            rate *= (1 + np.cos(np.pi * made / steps_in_all)) / 2 * min(1, (made + 1) / steps)
        weights = [(w - np.float32(rate) * gw, b - np.float32(rate) * gb) for (w, b), (gw, gb) in zip(weights, gradient(old, X[rows], Y[rows]))]
        made += 1
        delays.append(delay)
        held[rank] = (taken, made, weights)
        taken += 1
        ends[rank] += 1 + 0.1 * random.random() + (random.exponential(100) if random.random() < late else 0)
    return np.mean(forward(weights, XT)[1].argmax(1) == YT), np.mean(delays), max(delays)


X, Y = images("train-images-idx3-ubyte.gz"), read("train-labels-idx1-ubyte.gz", 8)
XT, YT = images("t10k-images-idx3-ubyte.gz"), read("t10k-labels-idx1-ubyte.gz", 8)
seeds = range(1, int(sys.argv[1]) + 1 if len(sys.argv) > 1 else 6)
print("rate   falls  epochs  ranks  put aside  bound   test accuracy   delay, mean and most")
for how in (
    dict(lr=0.05, ranks=1),
    dict(lr=0.05, ranks=2),
    dict(lr=0.05, ranks=4),
    dict(lr=0.05, ranks=4, late=0.01),
    dict(lr=0.05, ranks=4, late=0.01, bound=16),
    dict(lr=0.01, ranks=1, epochs=10),
    dict(lr=0.01, ranks=4, epochs=10),
    dict(lr=0.01, ranks=1, epochs=10, falls=True),
    dict(lr=0.01, ranks=4, epochs=10, falls=True),
    dict(lr=0.005, ranks=1, epochs=20, falls=True),
    dict(lr=0.005, ranks=4, epochs=20, falls=True),
):
    accuracy, mean, most = np.array([train(seed, **how) for seed in seeds]).T
    print(
        f"{how['lr']:<6g} {'yes' if how.get('falls') else 'no':>5} {how.get('epochs', 5):6d} {how['ranks']:6d} {how.get('late', 0):9.0%} {str(how.get('bound', '-')):>7}"
        f"   {accuracy.mean():.4f} +- {accuracy.std(ddof=1) if len(seeds) > 1 else 0:.4f}   {mean.mean():5.2f} {most.max():5.0f}",
        flush=True,
    )
