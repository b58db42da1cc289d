"""samples.c in Python, by lockstep.py: the same arguments, the same lines, the same weights."""
import sys

import numpy as np
from mpi4py import MPI

import lockstep

config, path, inputs, targets, out = sys.argv[1:6]
inputs, targets, world = int(inputs), int(targets), MPI.COMM_WORLD
sample = np.fromfile(path).reshape(-1, inputs + targets + 1)
given = dict(word.split("=", 1) for word in sys.argv[6:])
metrics = given.pop("metrics", "")
given = {what: value if what == "resume" else np.array(value.split(","), dtype=float) for what, value in given.items()}


def take(begin, total):
    number = np.array([k for k in range(total - 1, -1, -1) if (k * 7 + k // 3) % world.size == world.rank], dtype=int)
    return number, *np.split(sample[begin + number], [inputs, inputs + targets], axis=1)


def step(trainer, begin):
    total = trainer.batch
    number, x, y, weight = take(begin, total)
    trainer.step(x, y, number=number, weight=None if (weight == 1).all() else weight[:, 0])
    return begin + total


def misfit(trainer):
    """A rank's arrays that do not fit are an error on all of them, and no update."""
    x, y = np.zeros((2, inputs)), np.zeros((2, targets))
    for wrong in ((x.T, y), (x, y[:1]), (x, y, [0]), (x, y, None, ["a", "b"]), ([[1], [1, 2]], y), (3.0, y)):
        try:
            trainer.step(*(wrong if world.rank == 0 else (x, y)))
        except ValueError as error:
            assert world.rank == 0 and str(error)
        except lockstep.Error as error:
            assert world.rank > 0 and error.status == 64
        else:
            raise AssertionError("that must fail")


heard = []
try:
    with lockstep.Trainer(config, world, message=lambda level, line: heard.append(line), **given) as trainer:
        assert (trainer.inputs, trainer.targets) == (inputs, targets)
        misfit(trainer)
        begin = 0
        while begin < len(sample):
            begin = step(trainer, begin)
        state, net = trainer.state, trainer.net()
        assert net.weights_hash == state.weights_hash and net(sample[:3, :inputs]).shape[0] == 3
        trainer.save(out)
        if world.rank == 0:
            print(state.weights_hash, "loss", state.loss)
        if metrics:
            number, x, y, _ = take(0, len(sample))
            trainer.evaluate(x, y, number)
        for name in filter(None, metrics.split(",")):
            value = trainer.metric(name)
            if world.rank == 0:
                print(f"metric {name} {value:.16e}")
except lockstep.Error as error:
    if world.rank == 0:
        print(error.status, error)
