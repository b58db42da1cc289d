"""lockstep - trained networks of lockstep in Python: one file, over liblockstep by ctypes, with NumPy.

    import lockstep
    net = lockstep.Net("runs/flux/final.h5")
    y = net(x)                       # (rows, inputs) -> (rows, outputs), or (inputs,) -> (outputs,)
    d = net.jacobian(x)              # (rows, outputs, inputs)
    net.inputs, net.outputs          # names, where the training data had them
    metrics = lockstep.read_metrics("runs/flux")     # {"epoch": [...], "loss": [...], ...}

float32 arrays are computed as `lockstep predict` does for a float32 file, all others in double. The library is looked for where
LOCKSTEP_LIBRARY says, beside this file and where its installation puts it, and where the system looks.
"""
import ctypes
import json
import os

import numpy as np

__all__ = ["Error", "Net", "read_metrics", "version"]


class Error(Exception):
    """What lockstep refuses, in its words; `status` is the command line's exit code."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class _Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int32), ("text", ctypes.c_char * 4096)]


def _load():
    here = os.path.dirname(os.path.abspath(__file__))
    places = [os.path.join(here, up, "liblockstep.so.0") for up in (".", "..", "../..", "../../..", "../lib", "../../lib", "../../../lib")]
    for path in [os.environ.get("LOCKSTEP_LIBRARY"), *places]:
        if path and os.path.exists(path):
            return ctypes.CDLL(path)
    try:
        return ctypes.CDLL("liblockstep.so.0")
    except OSError as error:
        raise ImportError(f"liblockstep.so.0 is not found ({error}); LOCKSTEP_LIBRARY may name it") from error


_library = _load()
_net, _rows = ctypes.c_void_p, ctypes.c_int64


def _declare(name, result, *arguments):
    function = getattr(_library, "lockstep_" + name)
    function.restype, function.argtypes = result, arguments
    return function


_version = _declare("version", ctypes.c_char_p)
_open = _declare("net_open", ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(_net), ctypes.POINTER(_Error))
_free = _declare("net_free", None, _net)
_bits = _declare("net_bits", ctypes.c_int, _net)
_hash = _declare("net_weights_hash", ctypes.c_char_p, _net)
_classes = _declare("net_has_classes", ctypes.c_int, _net)
_count = {side: _declare("net_" + side + "s", _rows, _net) for side in ("input", "output")}
_text = {(side, what): _declare(f"net_{side}_{what}", ctypes.c_char_p, _net, _rows)
         for side in ("input", "output") for what in ("name", "unit")}
_compute = {(verb, kind): _declare(f"net_{verb}_{kind}", ctypes.c_int, _net, _rows, ctypes.c_void_p, ctypes.c_void_p,
                                   ctypes.POINTER(_Error))
            for verb in ("apply", "jacobian") for kind in ("f32", "f64")}


def version():
    """The library's version, "0.2.0"."""
    return _version().decode()


def _check(status, error):
    if status != 0:
        raise Error(status, error.text.decode(errors="replace"))


class Net:
    """A trained network, of a checkpoint that lockstep has written. Threads may share it."""

    def __init__(self, path):
        error, net = _Error(), _net()
        self._at = None
        _check(_open(os.fsencode(path), ctypes.byref(net), ctypes.byref(error)), error)
        self._at = net
        self._shape = _count["output"](net), _count["input"](net)
        self.inputs, self.input_units = self._texts("input", "name"), self._texts("input", "unit")
        self.outputs, self.output_units = self._texts("output", "name"), self._texts("output", "unit")
        self.dtype = np.dtype("f4" if _bits(net) == 32 else "f8")
        self.weights_hash = _hash(net).decode()
        self.has_classes = bool(_classes(net))  # outputs are the classes of these names

    def _texts(self, side, what):
        return [_text[side, what](self._at, i).decode() for i in range(_count[side](self._at))]

    def __del__(self):
        if getattr(self, "_at", None):
            _free(self._at)

    def _run(self, verb, x, shape):
        x = np.asarray(x)
        kind = np.dtype("f4") if x.dtype == np.float32 else np.dtype("f8")
        rows = np.ascontiguousarray(np.atleast_2d(x), dtype=kind)
        if rows.ndim != 2 or rows.shape[1] != self._shape[1]:
            raise ValueError(f"x of shape {x.shape}: the network has {self._shape[1]} inputs")
        out, error = np.empty((len(rows), *shape), dtype=kind), _Error()
        function = _compute[verb, "f32" if kind.itemsize == 4 else "f64"]
        _check(function(self._at, len(rows), rows.ctypes.data, out.ctypes.data, ctypes.byref(error)), error)
        return out[0] if x.ndim == 1 else out

    def __call__(self, x):
        """The outputs for x (rows, inputs) or (inputs,), in the units of the data."""
        return self._run("apply", x, self._shape[:1])

    def jacobian(self, x):
        """The derivatives of the outputs by the inputs at x: (rows, outputs, inputs), or (outputs, inputs)."""
        return self._run("jacobian", x, self._shape)


def read_metrics(run, event="epoch"):
    """What RUN/metrics.jsonl says of each event of a kind ("epoch", "step", "eval", "checkpoint"), as an array for
    each key: numbers are floats with NaN where there is none, the rest are as they are. "start" and "end" too."""
    with open(os.path.join(run, "metrics.jsonl"), encoding="utf-8") as file:
        lines = [line for line in map(json.loads, file) if line["event"] == event]
    keys = dict.fromkeys(key for line in lines for key in line if key != "event")
    columns = {key: [line.get(key) for line in lines] for key in keys}
    for key, values in columns.items():
        if all(value is None or isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
            columns[key] = np.array([np.nan if value is None else value for value in values], dtype=float)
        else:
            columns[key] = np.array(values, dtype=object)
    return columns
