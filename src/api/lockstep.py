"""lockstep - trained networks of lockstep in Python, and training: one file, over liblockstep by ctypes, with NumPy.

    import lockstep
    net = lockstep.Net("runs/flux/final.h5")
    y = net(x)                       # (rows, inputs) -> (rows, outputs), or (inputs,) -> (outputs,)
    d = net.jacobian(x)              # (rows, outputs, inputs)
    net.inputs, net.outputs          # names, where the training data had them
    metrics = lockstep.read_metrics("runs/flux")     # {"epoch": [...], "loss": [...], ...}

    trainer = lockstep.Trainer("surrogate.yaml", MPI.COMM_WORLD)     # of mpi4py: `from mpi4py import MPI`
    trainer.step(x, y, number=number, weight=weight)                 # this rank's samples of a minibatch
    net = trainer.net()
    lockstep.train("files.yaml", "runs/files")                       # all of `lockstep train`

float32 arrays are computed as `lockstep predict` does for a float32 file, all others in double. The library is looked for where
LOCKSTEP_LIBRARY says, beside this file and where its installation puts it, and where the system looks.
"""
import ctypes
import json
import os
from types import SimpleNamespace

import numpy as np

__all__ = ["Error", "Net", "Trainer", "read_metrics", "train", "version"]


class Error(Exception):
    """What lockstep refuses, in its words; `status` is the command line's exit code."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class _Misfit(ValueError):
    """This rank's arrays are not as they must be; the call was made all the same, and failed on the other ranks too."""


# ---- the library ----


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


_int, _count, _double, _text, _at = ctypes.c_int, ctypes.c_int64, ctypes.c_double, ctypes.c_char_p, ctypes.c_void_p
_message = ctypes.CFUNCTYPE(None, _at, _int, _text)


class _Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int32), ("text", ctypes.c_char * 4096)]


class _Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint64), ("resume", _text), ("x_shift", _at), ("x_divisor", _at), ("y_shift", _at), ("y_divisor", _at),
                ("threads", _count), ("message", _message), ("arg", _at), ("x_mean", _at), ("class_counts", _at)]


class _Score(ctypes.Structure):
    _fields_ = [("samples", _count), *((name, _double) for name in ("loss", "accuracy", "mae", "rmse", "r2"))]


class _State(ctypes.Structure):
    _fields_ = [*((name, _count) for name in ("global_step", "updates", "epoch", "samples_seen", "parameters")),
                ("rate", _double), ("loss", _double), ("weights_hash", ctypes.c_char * 48)]


def _to(kind):
    return ctypes.POINTER(kind)


# Result and arguments of each function of lockstep/lockstep.h.
_signatures = {
    "version": (_text,),
    "net_open": (_int, _text, _to(_at), _to(_Error)),
    "net_open_buffer": (_int, _text, ctypes.c_size_t, _to(_at), _to(_Error)),
    "net_free": (None, _at),
    "net_inputs": (_count, _at),
    "net_outputs": (_count, _at),
    "net_bits": (_int, _at),
    "net_has_classes": (_int, _at),
    "net_weights_hash": (_text, _at),
    "net_input_name": (_text, _at, _count),
    "net_input_unit": (_text, _at, _count),
    "net_output_name": (_text, _at, _count),
    "net_output_unit": (_text, _at, _count),
    "net_apply_f32": (_int, _at, _count, _at, _at, _to(_Error)),
    "net_apply_f64": (_int, _at, _count, _at, _at, _to(_Error)),
    "net_jacobian_f32": (_int, _at, _count, _at, _at, _to(_Error)),
    "net_jacobian_f64": (_int, _at, _count, _at, _at, _to(_Error)),
    "trainer_new_f": (_int, _int, _text, _to(_Options), _to(_at), _to(_Error)),
    "trainer_free": (None, _at),
    "trainer_inputs": (_count, _at),
    "trainer_targets": (_count, _at),
    "trainer_batch": (_count, _at),
    "trainer_share": (_count, _at, _count, _to(_count)),
    "trainer_step_weighted_f32": (_int, _at, _count, _at, _at, _at, _at, _to(_Error)),
    "trainer_step_weighted_f64": (_int, _at, _count, _at, _at, _at, _at, _to(_Error)),
    "trainer_evaluate_f32": (_int, _at, _count, _at, _at, _at, _to(_Score), _to(_Error)),
    "trainer_evaluate_f64": (_int, _at, _count, _at, _at, _at, _to(_Score), _to(_Error)),
    "trainer_metric": (_int, _at, _text, _to(_double), _to(_Error)),
    "trainer_state": (_int, _at, _to(_State), _to(_Error)),
    "trainer_save": (_int, _at, _text, _to(_Error)),
    "trainer_net": (_int, _at, _to(_at), _to(_Error)),
    "train_f": (_int, _int, _text, _text, _int, _to(_Options), _to(_State), _to(_Error)),
}
_library, _c = _load(), SimpleNamespace()
for _name, (_result, *_arguments) in _signatures.items():
    _function = getattr(_library, "lockstep_" + _name)
    _function.restype, _function.argtypes = _result, _arguments
    setattr(_c, _name, _function)


def _call(function, *arguments):
    error = _Error()
    status = function(*arguments, ctypes.byref(error))
    if status != 0:
        raise Error(status, error.text.decode(errors="replace"))


def version():
    """The library's version, "0.2.0"."""
    return _c.version().decode()


# ---- networks ----


def _numbers(values):
    """An array; what is masked, or missing in a table of pandas', is a NaN."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        values = values.astype(values.dtype if values.dtype.kind == "f" else "f8").filled(np.nan)
    if _is_table(values) and np.asarray(values).dtype == object:
        values = values.to_numpy(dtype="f8", na_value=np.nan)
    values = np.asarray(values)
    if values.dtype.kind in "cmM":
        raise ValueError(f"{values.dtype}: the network takes real numbers")
    if values.dtype == object and values.ndim == 0:
        raise ValueError(f"{type(values.item()).__name__}: an array is wanted, or a list of samples")
    return values


def _is_table(values):
    """A DataFrame or Series of pandas, which need not be here."""
    return hasattr(values, "iloc") and hasattr(values, "to_numpy")


def _in_order(table, names, units):
    """Of a table whose columns have names those that are the inputs, wherever they stand, as predict takes them from a CSV."""
    labels = list(table.columns if table.ndim == 2 else table.index)
    if not all(isinstance(label, str) for label in labels) or not all(names) or len(set(zip(names, units))) < len(names):
        return table
    columns = []
    for name, unit in zip(names, units):
        found = [label for label in (f"{name} [{unit}]" if unit else name, name) if labels.count(label) == 1]
        if not found:
            raise ValueError(f"no column '{name}', which is an input of the network (x.to_numpy() takes columns by position); there are {labels}")
        columns.append(found[0])
    return table[columns]


class Net:
    """A trained network, of a checkpoint that lockstep has written: its path, or its bytes. Threads may share it. Copied and
    unpickled it is opened anew."""

    def __init__(self, checkpoint):
        net = _at()
        self._at = None
        if isinstance(checkpoint, (bytearray, memoryview)):
            checkpoint = bytes(checkpoint)
        self._checkpoint = checkpoint if isinstance(checkpoint, bytes) else os.path.abspath(os.fspath(checkpoint))
        if isinstance(checkpoint, bytes):
            _call(_c.net_open_buffer, checkpoint, len(checkpoint), ctypes.byref(net))
        else:
            _call(_c.net_open, os.fsencode(checkpoint), ctypes.byref(net))
        self._take(net)

    def _take(self, net):
        self._at = net
        self._shape = _c.net_outputs(net), _c.net_inputs(net)
        self.inputs, self.input_units = self._texts(1, _c.net_input_name), self._texts(1, _c.net_input_unit)
        self.outputs, self.output_units = self._texts(0, _c.net_output_name), self._texts(0, _c.net_output_unit)
        self.dtype = np.dtype("f4" if _c.net_bits(net) == 32 else "f8")
        self.weights_hash = _c.net_weights_hash(net).decode()
        self.has_classes = bool(_c.net_has_classes(net))  # outputs are the classes of these names

    def _texts(self, side, text):
        return [text(self._at, i).decode() for i in range(self._shape[side])]

    def __del__(self):
        if getattr(self, "_at", None):
            _c.net_free(self._at)

    def __reduce__(self):
        if self._checkpoint is None:
            raise TypeError("the network of a trainer is neither copied nor pickled: save a checkpoint, and open that")
        return Net, (self._checkpoint,)

    def __repr__(self):
        return f"<lockstep.Net {self._shape[1]} -> {self._shape[0]}, {self.dtype}>"

    def _run(self, functions, x, shape):
        x = _numbers(_in_order(x, self.inputs, self.input_units) if _is_table(x) else x)
        kind = np.dtype("f4") if x.dtype.newbyteorder("=") == np.float32 else np.dtype("f8")
        rows = np.ascontiguousarray(np.atleast_2d(x), dtype=kind)
        if rows.ndim != 2 or rows.shape[1] != self._shape[1]:
            raise ValueError(f"x of shape {x.shape}: the network has {self._shape[1]} inputs, and samples are rows")
        out = np.empty((len(rows), *shape), dtype=kind)
        _call(functions[kind.itemsize], self._at, len(rows), rows.ctypes.data, out.ctypes.data)
        return out[0] if x.ndim == 1 else out

    def __call__(self, x):
        """The outputs for x (rows, inputs) or (inputs,), in the units of the data. Of pandas' tables with named columns the inputs are
        taken by their names."""
        return self._run({4: _c.net_apply_f32, 8: _c.net_apply_f64}, x, self._shape[:1])

    def jacobian(self, x):
        """The derivatives of the outputs by the inputs at x: (rows, outputs, inputs), or (outputs, inputs)."""
        return self._run({4: _c.net_jacobian_f32, 8: _c.net_jacobian_f64}, x, self._shape)


# ---- training ----


def _handle(communicator):
    """A communicator as Fortran's programs know it. None: all processes that were started together."""
    if communicator is None:
        try:
            from mpi4py import MPI
        except ImportError as error:
            raise ImportError("training needs MPI in Python: install mpi4py, built with the MPI of liblockstep") from error
        communicator = MPI.COMM_WORLD
    return communicator if isinstance(communicator, int) else communicator.py2f()


def _plain(values):
    """What a C struct holds."""
    pairs = ((name, getattr(values, name)) for name, _ in values._fields_)
    return SimpleNamespace(**{name: value.decode() if isinstance(value, bytes) else value for name, value in pairs})


def _options(threads=1, message=None, resume=None, class_counts=None, **numbers):
    """The struct of C, and what must live as long as it is used."""
    arrays = {name: np.ascontiguousarray(value, dtype="f8") for name, value in numbers.items() if value is not None}
    if class_counts is not None:
        arrays["class_counts"] = np.ascontiguousarray(class_counts, dtype="i8")
    speak = _message((lambda _, level, line: message(level, line.decode(errors="replace"))) if message else 0)
    options = _Options(ctypes.sizeof(_Options), threads=threads, message=speak, resume=None if resume is None else os.fsencode(resume),
                       **{name: array.ctypes.data for name, array in arrays.items()})
    return options, (speak, arrays)


class Trainer:
    """Training on this program's samples, by all ranks of a communicator (mpi4py's; default COMM_WORLD). Its calls but `batch`
    and `share` are made by all of them. config: YAML text, or the path of such a file, whose data are of type memory.

    resume: a checkpoint to go on from. x_shift, x_divisor, y_shift, y_divisor: what scales the columns that data.scale says are
    standard or minmax. x_mean: what takes the place of a NaN (data.missing.x: mean). class_counts: how many samples each class
    has (train.class_weights: balanced). message(level, line) gets rank 0's messages: 0 error, 1 warning, 2 what is good to know."""

    def __init__(self, config, communicator=None, *, resume=None, threads=1, message=None, x_shift=None, x_divisor=None,
                 y_shift=None, y_divisor=None, x_mean=None, class_counts=None):
        trainer = _at()
        self._at = None
        options, self._kept = _options(threads, message, resume, class_counts, x_shift=x_shift, x_divisor=x_divisor,
                                       y_shift=y_shift, y_divisor=y_divisor, x_mean=x_mean)
        _call(_c.trainer_new_f, _handle(communicator), os.fsencode(config), ctypes.byref(options), ctypes.byref(trainer))
        self._at = trainer
        self.inputs, self.targets = _c.trainer_inputs(trainer), _c.trainer_targets(trainer)

    def free(self):
        """By all ranks, or after MPI's end; a trainer that nobody knows any more is not freed by itself, for want of the others."""
        _c.trainer_free(self._at)
        self._at = None

    def __reduce__(self):
        raise TypeError("a trainer is neither copied nor pickled: save a checkpoint, and resume from that")

    def __enter__(self):
        return self

    def __exit__(self, failure, *_):
        """What fails on this rank alone, a KeyError of the program's own, must not wait in `free` for ranks that are elsewhere."""
        if failure is None or issubclass(failure, (Error, _Misfit)):
            self.free()

    @property
    def batch(self):
        """How many samples the next minibatch has, on all ranks together."""
        return _c.trainer_batch(self._at)

    def share(self, total):
        """Which numbers of `total` samples this rank works on: a range. Samples that are here already need not travel."""
        first = _count()
        rows = _c.trainer_share(self._at, total, ctypes.byref(first))
        return range(first.value, first.value + rows)

    def _give(self, functions, x, y, number, weight, *result):
        """Where this rank's arrays do not fit the call is made all the same, of -1 samples: the other ranks wait in it."""
        kind = "f4" if getattr(x, "dtype", np.dtype("f8")) in ("<f4", ">f4") else "f8"
        wrong, rows, at = None, None, []
        for name, array, dtype, *columns in (("x", x, kind, self.inputs), ("y", y, kind, self.targets), ("number", number, "i8"),
                                             ("weight", weight, kind)):
            try:
                array = None if array is None and name in ("number", "weight") else np.ascontiguousarray(_numbers(array), dtype=dtype)
            except (TypeError, ValueError) as error:
                wrong, array = wrong or f"{name}: {error}", None
            if name == "y" and array is not None and array.ndim == 1 and self.targets == 1:
                array = array[:, np.newaxis]
            rows = len(array) if rows is None and array is not None else rows
            if array is not None and array.shape != (rows, *columns):
                wrong = wrong or f"{name} of shape {array.shape}, not {(rows, *columns)}: a sample is a row"
            at.append(array)
        x, y, number, weight = [None if array is None else array.ctypes.data for array in at]
        try:
            _call(functions[kind], self._at, -1 if wrong else rows, number, x, y, *(result or (weight,)))
        except Error:
            if wrong:
                raise _Misfit(wrong) from None
            raise

    def step(self, x, y, number=None, weight=None):
        """One update. x (rows, inputs), y (rows, targets) or numbers of classes (rows): this rank's samples of the next minibatch;
        number (rows): which they are of it, from 0, by default rank by rank; weight (rows): what each counts."""
        self._give({"f4": _c.trainer_step_weighted_f32, "f8": _c.trainer_step_weighted_f64}, x, y, number, weight)

    def evaluate(self, x, y, number=None):
        """The score on any number of samples: samples, loss, accuracy; mae, rmse, r2."""
        score = _Score()
        self._give({"f4": _c.trainer_evaluate_f32, "f8": _c.trainer_evaluate_f64}, x, y, number, None, ctypes.byref(score))
        return _plain(score)

    def metric(self, name):
        """Of the last evaluation the number that the config's eval.metrics calls so: "f1", "auc", ..."""
        value = _double()
        _call(_c.trainer_metric, self._at, name.encode(), ctypes.byref(value))
        return value.value

    @property
    def state(self):
        """global_step, updates, epoch, samples_seen, parameters, rate, loss, weights_hash. By all ranks."""
        state = _State()
        _call(_c.trainer_state, self._at, ctypes.byref(state))
        return _plain(state)

    def save(self, path):
        """The whole state into a checkpoint; `path` is new, or ends in final.h5."""
        _call(_c.trainer_save, self._at, os.fsencode(path))

    def net(self):
        """The network as it is now, on every rank."""
        at, net = _at(), Net.__new__(Net)
        net._checkpoint = None
        _call(_c.trainer_net, self._at, ctypes.byref(at))
        net._take(at)
        return net


def train(config, run, communicator=None, *, resume=False, threads=1, message=None):
    """`lockstep train CONFIG -o RUN` on the files that the config names, by all ranks; resume: `--resume=auto`. -> the state at
    its end."""
    state = _State()
    options, _kept = _options(threads, message)
    _call(_c.train_f, _handle(communicator), os.fsencode(config), os.fsencode(run), int(resume), ctypes.byref(options), ctypes.byref(state))
    return _plain(state)


# ---- what a run leaves ----


def read_metrics(run, event="epoch"):
    """What RUN/metrics.jsonl says of each event of a kind ("epoch", "step", "eval", "checkpoint"), as an array for
    each key: numbers are floats with NaN where there is none, the rest are as they are. "start" and "end" too. A line that a run
    is about to write is left out."""
    with open(os.path.join(run, "metrics.jsonl"), encoding="utf-8") as file:
        lines = [line for line in (json.loads(text) for text in file if text.endswith("\n")) if line["event"] == event]
    keys = dict.fromkeys(key for line in lines for key in line if key != "event")
    columns = {key: [line.get(key) for line in lines] for key in keys}
    for key, values in columns.items():
        if all(value is None or isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
            columns[key] = np.array([np.nan if value is None else value for value in values], dtype=float)
        else:
            columns[key] = np.array(values, dtype=object)
    return columns
