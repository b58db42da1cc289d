#!/usr/bin/env python3
"""flame.py CHECKPOINT: what the network of examples/embed-c says of a flame: how much of the fuel burns at some temperatures, and how that
changes with them, by its derivatives and by differences."""
import sys

import numpy as np

import lockstep

net = lockstep.Net(sys.argv[1])
temperature = np.linspace(0.4, 1, 7)
x = np.column_stack([temperature, 1 - temperature])
burnt = net(x)[:, 0]
slope = net.jacobian(x)[:, 0] @ [1, -1]  # fuel becomes heat: as much of the one as there is less of the other
for t, b, s in zip(temperature, burnt, slope):
    print(f"temperature {t:.2f}, fuel {1 - t:.2f}: {b:.6f} of it burns in a time step, {s:+.6f} for each degree that it is hotter")
step = 1e-3
difference = (net(x + [step, -step]) - net(x - [step, -step]))[:, 0] / (2 * step)
print(f"the derivative is the difference's to {np.abs(difference - slope).max():.1g}")
