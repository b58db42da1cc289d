"""export_numpy NAME...: computes the network in NAME.npz on the first half of the samples in NAME.x, in double, and compares with NAME.want, the outputs of lockstep.
Where there is the module onnx, its checker goes over NAME.onnx. docs/export.md has `predict` too."""

import json
import math
import sys

import numpy as np

try:
    import onnx
except ImportError:
    onnx = None
    print("not checked by onnx.checker: python3-onnx is not installed")

erf = np.vectorize(math.erf, otypes=[float])


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


activations = {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z < 0, 0.01 * z, z),
    "elu": lambda z: np.where(z < 0, np.expm1(np.minimum(z, 0)), z),
    "tanh": np.tanh,
    "sigmoid": lambda z: np.exp(-np.logaddexp(0, -z)),
    "softplus": lambda z: np.logaddexp(0, z),
    "exp": np.exp,
    "gelu": lambda z: z * (1 + erf(z / math.sqrt(2))) / 2,
    "softmax": softmax,
    "mean_variance": lambda z: np.where(np.arange(z.shape[1]) % 2 == 0, z, np.logaddexp(0, z) + 1e-6),
}


def ascending(z, group):
    steps = np.where(np.arange(z.shape[1]) % group == 0, z, np.logaddexp(0, z))
    return steps.reshape(len(z), -1, group).cumsum(axis=2).reshape(z.shape)


def predict(net, x):
    x = np.where(np.isnan(x), net["x_missing"], x)
    x = np.where(net["x_log"] > 0, np.log(np.where(net["x_log"] > 0, x, 1)), x)
    x = (x - net["x_shift"]) / net["x_divisor"]
    y = {-1: x}  # of each layer, by its number; -1: the scaled inputs
    rows = zip(net["layer_number"], net["layer_kind"], net["layer_activation"], net["layer_group"], net["layer_source"])
    for number, kind, activation, group, source in rows:
        if kind == "dense":
            x = x @ net[f"{number:04}_W"] + net[f"{number:04}_b"]
            x = ascending(x, group) if activation == "ascending" else activations[activation](x)
        elif kind == "layer_norm":
            x = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
            x = x * net[f"{number:04}_gain"] + net[f"{number:04}_b"]
        elif kind == "residual":
            x = x + y[source]
        y[number] = x
    x = x * net["y_divisor"] + net["y_shift"]
    return np.where(net["y_log"] > 0, np.exp(np.where(net["y_log"] > 0, x, 0)), x)


def check(name):
    inputs, outputs, x_type, y_type = map(int, open(name + ".shape").read().split())
    real = {1: "<f4", 11: "<f8"}
    x = np.fromfile(name + ".x", real[x_type]).reshape(-1, inputs)
    want = np.fromfile(name + ".want", real[y_type]).reshape(-1, outputs)
    net = {key: a.astype(float) if a.dtype.kind == "f" else a for key, a in np.load(name + ".npz").items()}
    half = len(x) // 2
    y, want = predict(net, x[:half].astype(float)), want[:half]
    worst = (abs(y - want) / (abs(want) + net["y_divisor"])).max()
    print(f"{name}.npz: off by {worst} of its size and scale")
    if not worst <= 1e-5:
        sys.exit(f"{name}.npz: off by {worst}")
    if onnx:
        model = onnx.load(name + ".onnx")
        onnx.checker.check_model(model, full_check=True)
        said = {p.key: p.value for p in model.metadata_props}
        for key in ("input_names", "input_units", "output_names", "output_units", "class_names"):
            if key in net and json.loads(said[key]) != list(net[key]):
                sys.exit(f"{name}.onnx: {key} {said[key]}, in {name}.npz {net[key]}")
        if (model.ir_version, model.opset_import[0].version) != (7, 13):
            sys.exit(f"{name}.onnx: not IR 7, opset 13")


for each in sys.argv[1:]:
    check(each)
