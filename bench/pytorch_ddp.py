#!/usr/bin/env python3
"""pytorch_ddp.py a|b|c|fast: the same network in PyTorch, one thread a process; DistributedDataParallel over gloo under mpirun with
more than one. Printed by rank 0.
a, b, c: samples per second; random data of Fashion-MNIST's shape: only the step is timed.
fast: bench/configs/fast.yaml as PyTorch does it, test accuracy."""
import gzip
import os
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # torch.set_num_threads does not reach it
import numpy
import torch
import torch.distributed as dist
from torch import nn

NETS = {"a": ([20] * 4, 50, 1000), "b": ([512] * 2, 128, 100), "c": ([2048] * 3, 1024, 5), "fast": ([20] * 4, 50, 18 * 1200)}
IMAGES = "/usr/share/datasets/fashion-mnist/"


def idx(name, skip):
    return torch.from_numpy(numpy.frombuffer(gzip.open(IMAGES + name).read(), numpy.uint8, offset=skip).copy())


def images(part):
    return idx(part + "-images-idx3-ubyte.gz", 16).view(-1, 784).float() / 255, idx(part + "-labels-idx1-ubyte.gz", 8).long()


def main():
    hidden, batch, steps = NETS[sys.argv[1]]
    rank = int(os.environ.get("OMPI_COMM_WORLD_RANK", 0))
    ranks = int(os.environ.get("OMPI_COMM_WORLD_SIZE", 1))
    torch.set_num_threads(1)
    torch.manual_seed(1)
    layers, width = [], 784
    for units in hidden:
        layers += [nn.Linear(width, units), nn.ReLU()]
        width = units
    model = nn.Sequential(*layers, nn.Linear(width, 10))
    if ranks > 1:
        os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
        os.environ.setdefault("MASTER_PORT", "29501")
        dist.init_process_group("gloo", rank=rank, world_size=ranks)
        model = nn.parallel.DistributedDataParallel(model)
    train(model, batch, steps, rank, ranks) if sys.argv[1] != "fast" else learn(model, batch, steps, rank, ranks)


def step(model, optimizer, x, y):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()


def train(model, batch, steps, rank, ranks):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    x, y = torch.rand(60000, 784), torch.randint(10, (60000,))
    for i in range(steps + steps // 5 + 1):
        if i == steps // 5 + 1:
            start = time.perf_counter()
        rows = torch.randint(60000, (batch // ranks,))
        step(model, optimizer, x[rows], y[rows])
    if rank == 0:
        print(batch * steps / (time.perf_counter() - start))


def learn(model, batch, steps, rank, ranks):
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: 1 - i / steps)
    x, y = images("train")
    order = torch.Generator().manual_seed(1)  # the same on every rank
    for i in range(steps):
        at = i * batch % len(x)
        if at == 0:
            perm = torch.randperm(len(x), generator=order)
        rows = perm[at : at + batch][rank::ranks]
        step(model, optimizer, x[rows], y[rows])
        schedule.step()
    if rank == 0:
        x, y = images("t10k")
        with torch.no_grad():
            print((model(x).argmax(1) == y).float().mean().item())


main()
