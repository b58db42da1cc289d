#!/usr/bin/env python3
"""pytorch_ddp.py a|b|c: samples per second of the same network in PyTorch, one thread a process; DistributedDataParallel over gloo
under mpirun with more than one. Printed by rank 0. Random data of Fashion-MNIST's shape: only the step is timed."""
import os
import sys
import time

import torch
import torch.distributed as dist
from torch import nn

NETS = {"a": ([20] * 4, 50, 1000), "b": ([512] * 2, 128, 100), "c": ([2048] * 3, 1024, 5)}


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
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    share = batch // ranks
    x = torch.rand(60000, 784)
    y = torch.randint(10, (60000,))
    for step in range(steps + steps // 5 + 1):
        if step == steps // 5 + 1:
            start = time.perf_counter()
        rows = torch.randint(60000, (share,))
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    if rank == 0:
        print(batch * steps / (time.perf_counter() - start))


main()
