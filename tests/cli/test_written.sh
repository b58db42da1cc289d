#!/bin/bash
# What other programs write (docs/data.md, "what you have"): NumPy, scikit-learn's arrays, pandas, h5py, PyTables, netCDF4, xarray, Octave, R and
# Fortran, whichever are here, write one table of numbers of 17 digits and its classes; each file must train the network of the plain
# CSV, bit for bit, and what is not read must be refused with what to write instead.
# label: full
set -u
# shellcheck source=tests/lib.sh
. "$SOURCE/tests/lib.sh"
PYTHON=${PYTHON:-/usr/bin/python3}
has() { "$PYTHON" -c "import $1" 2>/dev/null; }
has numpy || { echo "python3-numpy is not here"; exit 77; }

net() { # DATA
  cat <<END
version: 1
data: {$1, scale: standard}
model: {layers: [{units: 5, activation: tanh}, {units: out, activation: softmax}]}
loss: cross_entropy
optimizer: {type: adam, lr: 0.02}
train: {epochs: 3, batch: 16, slices: 4}
checkpoint: {every: never}
END
}
weights() { grep -o '"weights_hash":"[^"]*"' "$1/metrics.jsonl"; }
alike() { # DATA: it trains the network of plain.csv
  net "$1" >net.yaml
  run 0 train net.yaml -o run -q --force
  [ "$(weights run)" = "$want" ] || fail "$1: other weights"
}
never() { # TEXT DATA: it is refused so
  net "$2" >net.yaml
  refused 65 "$1" train net.yaml -o never -q
}
csv() { echo "type: csv, train: {file: $1, x: ${2:-rest}, y: [${3:-y}]${4:-}}${5:-}"; }
bare() { csv "$1" '[1-3]' 4 ', header: false'; }
hdf5() { echo "type: hdf5, train: {file: $1, x: $2, y: $3${4:-}}"; }

# ---- NumPy, with which scikit-learn's arrays come ----
"$PYTHON" - <<'END' || die "NumPy's files"
import numpy as np
rng = np.random.default_rng(7)
X = rng.normal(size=(90, 3)) * [1, 10, 1e-3] + [0, 1e6, 0]
y = (X[:, 0] + X[:, 2] * 500 > 0).astype(int) + (X[:, 0] > 1)
np.savetxt("plain.csv", np.c_[X, y], fmt=["%.17g"] * 3 + ["%d"], delimiter=",", header="a,b,c,y", comments="")
np.savetxt("savetxt.csv", np.c_[X, y], delimiter=",")
np.savetxt("savetxt.txt", np.c_[X, y])
np.save("x.npy", X), np.save("y.npy", y), np.save("columns.npy", np.asfortranarray(X)), np.savez("xy.npz", x=X, y=y)
np.save("records.npy", np.zeros(3, [("height", "<f8"), ("count", "<i4")])), np.save("texts.npy", np.array(["a", "b"]))
END
net "$(csv plain.csv)" >net.yaml
run 0 train net.yaml -o plain -q
want=$(weights plain)
[ -n "$want" ] || die "plain.csv: no weights"
alike "$(bare savetxt.csv)"
alike "$(bare savetxt.txt)"
run 0 data import x.npy --y y.npy -o npy.h5 -q
alike "$(hdf5 npy.h5 /train/x /train/y)"
never 'lockstep data import x.npy' "$(csv x.npy)"
never 'xy.npz holds several files: x.npy, y.npy; say which one, as in xy.npz/x.npy' "$(csv xy.npz)"
run 0 data import xy.npz/x.npy --y xy.npz/y.npy -o npz.h5 -q
alike "$(hdf5 npz.h5 /train/x /train/y)"
refused 65 'numpy.ascontiguousarray' data import columns.npy --y y.npy -o never.h5
refused 65 "(type [('height', '<f8'), ('count', '<i4')]); save its columns side by side" data info records.npy
refused 65 "(type '<U1'); texts are numbered by numpy.unique" data info texts.npy

# ---- packed: gzip is read, the others are named ----
gzip -k plain.csv
alike "$(csv plain.csv.gz)"
for way in xz,unxz bzip2,bunzip2 zstd,unzstd; do
  command -v ${way%,*} >/dev/null || continue
  ${way%,*} -q -c plain.csv >zipped
  never "a file packed with ${way%,*}; ${way#*,} <zipped >NEW unpacks it" "$(csv zipped)"
  refused 65 "a file packed with ${way%,*}" data info zipped
done

# ---- zip: an archive of one file is that file, of several it is named ----
"$PYTHON" - <<'END' || die "zip"
import gzip, zipfile
table = open("plain.csv", "rb").read()
def archive(name, files, how=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(name, "w", how) as z:
        for member, data in files.items():
            z.writestr(member, data)
mac = {"in/": b"", "in/train.csv": table, "__MACOSX/in/._train.csv": b"\0\5\26\7", ".DS_Store": b"\0"}
archive("one.zip", mac), archive("stored.zip", {"plain.csv": table}, zipfile.ZIP_STORED)
archive("pair.zip", {"train.csv": table, "test.csv": table.replace(b",y\n", b",other\n")})
archive("gz.zip", {"plain.csv.gz": gzip.compress(table)})
archive("lzma.zip", {"plain.csv": table}, zipfile.ZIP_LZMA)
archive("sheet.xlsx", {"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"})
archive("h5.zip", {"t.h5": b"\x89HDF\r\n\x1a\n" + bytes(500)})
archive("none.zip", {"in/": b""})
for name in "long.zip", "longer.zip":
    archive(name, {"in/other.bin": bytes(300000), "in/train.csv": table}, zipfile.ZIP_STORED)
with zipfile.ZipFile("longer.zip", "a") as z:
    z.comment = b"at its end"
data = bytearray(open("one.zip", "rb").read())
data[400] ^= 255
open("hurt.zip", "wb").write(data), open("cut.zip", "wb").write(data[:900])
END
for file in one.zip one.zip/in/train.csv stored.zip pair.zip/train.csv gz.zip gz.zip/plain.csv.gz; do alike "$(csv "$file")"; done
gzip -c one.zip >zipped && never 'no CSV but a zip archive; unzip zipped unpacks it' "$(csv zipped)"
never 'pair.zip holds several files: train.csv, test.csv; say which one, as in pair.zip/train.csv' "$(csv pair.zip)"
never "pair.zip: there is no 'tst.csv' in it; there is train.csv, test.csv" "$(csv pair.zip/tst.csv)"
never "plain.csv is a file, neither a folder nor a zip archive: there is no 'y'" "$(csv plain.csv/y)"
never 'plain.csv is packed otherwise than by deflate; unzip it' "$(csv lzma.zip)"
never 'sheet.xlsx: a document of Excel or the like; save the sheet as CSV' "$(csv sheet.xlsx)"
never 'none.zip: a zip archive without files' "$(csv none.zip)"
never 'hurt.zip: damaged: in/train.csv' "$(csv hurt.zip)"
never 'cut.zip: the zip archive cannot be read' "$(csv cut.zip)"
never 'no HDF5 file but a zip archive; unzip h5.zip unpacks it' "$(hdf5 h5.zip /x /y)"
never 'data.dir is a folder; of files in a zip archive say data.train: {images: pair.zip/FILE' 'type: idx, dir: pair.zip'
refused 65 'h5.zip: HDF5 is not read out of an archive; unzip it' data info h5.zip
run 0 inspect pair.zip/train.csv
digest() { run 0 data info "$1"; grep -o 'xxh3-128:[0-9a-f]*' out; } # of what is on the disk
[ "$(digest pair.zip/train.csv)" = "$(digest pair.zip/test.csv)" ] && [ "$(digest long.zip/in/train.csv)" != "$(digest longer.zip/in/train.csv)" ] ||
  fail "the digest is not that of the whole archive"
net "$(csv pair.zip/train.csv)" >net.yaml
run 3 train net.yaml -o zip3 -q
[ "$(weights zip3)" = "$want" ] || fail "zip on 3 ranks: other weights"
run 0 predict zip3 -i pair.zip/test.csv -o zip.csv -q
run 0 predict zip3 -i plain.csv -o plain.out.csv -q
cmp -s zip.csv plain.out.csv || fail "predict -i a file in an archive: other predictions"
refused 65 "no column 'y', which is a target of the checkpoint; there are 4: 'a', 'b', 'c', 'other'; without targets" eval zip3 --data pair.zip/test.csv

# ---- pandas ----
if has pandas; then
  "$PYTHON" - <<'END' || die "pandas' files"
import numpy as np, pandas as pd
df = pd.read_csv("plain.csv", float_precision="round_trip")
df.to_csv("pandas.csv", index=False), df.to_csv("index.csv"), df.to_csv("pandas.tsv", sep="\t", index=False)
df.to_csv("german.csv", sep=";", decimal=",", index=False), df.to_pickle("pandas.pkl")
odd = df.assign(flag=df.a > 0, kind=np.where(df.b > 1e6, "big", "small"))
odd.loc[3, "a"] = np.nan
odd.to_csv("odd.csv", index=False), odd.drop(columns="y").iloc[::-1, ::-1].to_csv("odd-test.csv", index=False)
clean = pd.concat([df[["a", "b", "c"]].fillna(0), odd.flag.astype(int), pd.get_dummies(odd.kind).astype(int), df.y], axis=1)
clean.loc[3, "a"] = 0
clean.to_csv("clean.csv", index=False)
END
  for file in pandas.csv pandas.tsv; do alike "$(csv $file)"; done
  alike "$(csv german.csv rest y '' ', decimal: ","')"
  never 'if decimals have commas here: data.decimal: ","' "$(csv german.csv)"
  never 'a pickle of Python' "$(csv pandas.pkl)"
  alike "$(csv index.csv '[a-c]')"
  net "$(csv index.csv)" >net.yaml
  run 0 train net.yaml -o index --force
  grep -qF 'column 1 is an input and has no name; does it count the rows?' err || fail "pandas' index is taken without a word: $(cat err)"
  # bools, texts and what is missing, as a pair of Kaggle's: what get_dummies and fillna make of them; the columns by name
  net "$(csv odd.csv rest y '' ', text_inputs: one_hot, missing: 0')" >odd.yaml
  net "$(csv clean.csv)" >clean.yaml
  for name in odd clean; do run 0 train $name.yaml -o $name -q; done
  [ "$(weights odd)" = "$(weights clean)" ] || fail "bools, texts, missing values: other weights than get_dummies and fillna"
  run 0 predict odd/final.h5 -i odd.csv -o one.csv -q
  run 0 predict odd/final.h5 -i odd-test.csv -o two.csv -q
  cmp -s <(tail -n +2 one.csv) <(tail -n +2 two.csv | tac) || fail "test.csv: other predictions"
fi
if has openpyxl && has pandas; then
  "$PYTHON" -c 'import pandas as pd; pd.read_csv("plain.csv").to_excel("t.xlsx")'
  never 'save the sheet as CSV' "$(csv t.xlsx)"
fi
if has scipy; then
  "$PYTHON" -c 'import scipy.io as s; s.savemat("v5.mat", {"x": [[1, 2]]})'
  never 'a MAT-file of version 5; save it with -v7.3' "$(hdf5 v5.mat /x /y)"
fi
if has pandas && has tables; then
  "$PYTHON" - <<'END' 2>/dev/null || die "PyTables' files"
import pandas as pd, tables
df = pd.read_csv("plain.csv", float_precision="round_trip")
df.to_hdf("fixed.h5", "df", mode="w"), df.to_hdf("table.h5", "df", mode="w", format="table")
X, y = df[["a", "b", "c"]].to_numpy(), df.y.to_numpy()
with tables.open_file("tables.h5", "w") as t:
    t.create_array("/", "x", obj=X), t.create_array("/", "y", obj=y)
    t.create_carray("/", "packed", obj=X, filters=tables.Filters(5, "zlib"))
    t.create_carray("/", "blosc", obj=X, filters=tables.Filters(5, "blosc"))
    rows = t.create_earray("/", "rows", shape=(0, 3), atom=tables.Float64Atom())
    for row in X: rows.append(row[None])
END
  for x in /x /packed /rows; do alike "$(hdf5 tables.h5 $x /y)"; done
  alike "$(hdf5 fixed.h5 /df/block0_values /df/block1_values)"
  never 'write its fields as datasets of their own' "$(hdf5 table.h5 /df/table y)"
  never 'write it again by gzip: ptrepack --complib=zlib tables.h5 NEW' "$(hdf5 tables.h5 /blosc /y)"
  if command -v ptrepack >/dev/null; then
    ptrepack --complib=zlib --complevel=4 tables.h5 repacked.h5 && alike "$(hdf5 repacked.h5 /blosc /y)"
  fi
fi

# ---- h5py, also as a Keras generator's batches with one-hot labels; NetCDF ----
if has h5py; then
  "$PYTHON" - <<'END' || die "h5py's files"
import h5py, numpy as np
X, y = np.load("x.npy"), np.load("y.npy")
with h5py.File("h5py.h5", "w") as f:
    f["x"], f["y"] = X, y
    f["complex"] = X + 1j
    f["x"].attrs["y"] = y
    rows = f.create_dataset("rows", (90,), dtype=h5py.vlen_dtype("f8"))
    for i in range(90): rows[i] = X[i]
    f.create_dataset("array", (90,), np.dtype([("v", "f8", (3,))]))
with h5py.File("keras.h5", "w") as f:
    fx = f.create_dataset("x", (0, 3), maxshape=(None, 3), dtype="f8")
    fy = f.create_dataset("y", (0, 3), maxshape=(None, 3), dtype="f4")
    for i in range(0, 90, 16):
        b, o = X[i : i + 16], np.eye(3, dtype="f4")[y[i : i + 16]]
        fx.resize(i + len(b), 0), fy.resize(i + len(b), 0)
        fx[i:], fy[i:] = b, o
END
  for file in h5py.h5 keras.h5; do alike "$(hdf5 $file /x /y)"; done
  never 'data.type: hdf5 reads it' "$(csv h5py.h5)"
  never 'no IDX file but an HDF5 file; data.type: hdf5 reads it' 'type: idx, train: {images: h5py.h5, labels: h5py.h5}'
  never 'write its real and imaginary parts as datasets of their own' "$(hdf5 h5py.h5 /complex /y)"
  never 'rows of one length become an array: numpy.stack(x)' "$(hdf5 h5py.h5 /rows /y)"
  never "write its fields as datasets of their own (h5py: f['a'] = f['t']['a'])" "$(hdf5 h5py.h5 /array /y)"
  never "/x/y is an attribute, and datasets are read; in h5py: f['y'] = f['/x/'].attrs['y']" "$(hdf5 h5py.h5 /x /x/y)"
  never "there is no /X in it; did you mean '/x'?" "$(hdf5 h5py.h5 /X /y)"
fi
if has netCDF4; then
  "$PYTHON" - <<'END' || die "NetCDF files"
import netCDF4, numpy as np
X, y = np.load("x.npy"), np.load("y.npy")
for form in "NETCDF4", "NETCDF4_CLASSIC", "NETCDF3_CLASSIC":
    nc = netCDF4.Dataset(form + ".nc", "w", format=form)
    nc.createDimension("sample", 90), nc.createDimension("feature", 3)
    nc.createVariable("state", "f8", ("sample", "feature"))[:] = X
    nc.createVariable("kind", "i4", ("sample",))[:] = y
    packed = nc.createVariable("packed", "i2", ("sample",), fill_value=-999)
    packed.scale_factor, packed.add_offset = 0.01, 5.0
    packed[:] = np.ma.masked_array(X[:, 0], mask=np.arange(90) == 4)
    means = packed[:].filled(np.nan)
    nc.createVariable("masked", "f4", ("sample",))[:] = np.ma.masked_array(X[:, 0], mask=np.arange(90) == 4)
    nc.close()
np.savetxt("unpacked.csv", np.c_[means, y], fmt=["%.17g", "%d"], delimiter=",", header="p,y", comments="")
END
  for file in NETCDF4.nc NETCDF4_CLASSIC.nc; do alike "$(hdf5 $file /state /kind)"; done
  never 'nccopy -k nc4' "$(hdf5 NETCDF3_CLASSIC.nc /state /kind)"
  net "$(hdf5 NETCDF4.nc /packed /kind), missing: mean" >packed.yaml
  net "$(csv unpacked.csv), missing: mean" >unpacked.yaml
  for name in packed unpacked; do run 0 train $name.yaml -o $name -q; done
  never '/masked: row 4, value 0: missing' "$(hdf5 NETCDF4.nc /masked /kind)"
  [ "$(weights packed)" = "$(weights unpacked)" ] || fail "packed and missing values of NetCDF: other weights"
fi

if has xarray && has netCDF4; then
  "$PYTHON" - <<'END' || die "xarray's file"
import numpy as np, pandas as pd, xarray as xr
X, y = np.load("x.npy"), np.load("y.npy")
kind, when = np.array(["ash", "elm", "oak"])[y], pd.date_range("2020-01-01", periods=90)
data = {"state": (("time", "k"), X), "number": ("time", y), "kind": ("time", kind)}
xr.Dataset(data, coords={"time": when}).to_netcdf("xarray.nc", engine="netcdf4")
END
  for y in /number /kind; do alike "$(hdf5 xarray.nc /state $y)"; done
fi

# ---- Octave, and Matlab's way of keeping columns ----
if command -v octave-cli >/dev/null; then
  octave-cli -q --no-gui --eval "t = dlmread('plain.csv', ',', 1, 0); x = t(:, 1:3); y = t(:, 4);
    save('-hdf5', 'octave.h5', 'x', 'y'); save('-v7', 'octave.mat', 'x', 'y'); save('-text', 'octave.txt', 'x', 'y');
    save('-binary', 'octave.bin', 'x', 'y');
    save('-ascii', '-double', 'octave.dat', 't'); dlmwrite('octave.csv', t, 'precision', '%.17g');" >out 2>&1
  [ -s octave.csv ] || die "Octave's files: $(cat out)"
  alike "$(hdf5 octave.h5 /x/value /y/value ', transpose: true')"
  for file in octave.csv octave.dat; do alike "$(bare $file)"; done
  never 'are samples the columns here? say transpose: true' "$(hdf5 octave.h5 /x/value /y/value)"
  never 'a MAT-file of version 5; save it with -v7.3 (Matlab) or -hdf5 (Octave)' "$(hdf5 octave.mat /x /y)"
  never "Octave's own text format; save it with -hdf5" "$(bare octave.txt)"
  never "Octave's own binary format; save it with -hdf5" "$(bare octave.bin)"
  never "/x is no dataset but a group, of 'type', 'value'; of Octave's variables take value, with transpose: true" "$(hdf5 octave.h5 /x /y)"
fi

# ---- R ----
if command -v Rscript >/dev/null; then
  Rscript -e 'write.csv(iris, "r.csv", row.names = FALSE); write.csv2(iris, "r2.csv", row.names = FALSE); write.csv(iris, "rows.csv");
    write.table(iris, "r.txt"); write.table(iris, "r.tsv", sep = "\t", quote = FALSE, row.names = FALSE); saveRDS(iris, "r.rds")' || die "R's files"
  tr -d '"' <r.csv >r-plain.csv
  net "$(csv r-plain.csv rest Species)" >net.yaml
  run 0 train net.yaml -o r -q
  numpy=$want want=$(weights r)
  for file in r.csv r.tsv; do alike "$(csv $file rest Species)"; done
  alike "$(csv r2.csv rest Species '' ', decimal: ","')"
  alike "$(csv rows.csv 'Sepal.Length-Petal.Width' Species)"
  alike "$(csv r.txt '[2-5]' 6 ', header: false' ', skip: {train: 1}')"
  never 'since it names the rows (R): write.table(..., row.names = FALSE), or header: false, data.skip: {train: 1}' "$(csv r.txt rest Species)"
  never "a file of R's own format; write.csv(x, \"new.csv\", row.names = FALSE)" "$(csv r.rds rest Species)"
  want=$numpy
fi

# ---- Fortran: what it prints, and its HDF5 ----
if command -v gfortran >/dev/null; then
  cat >w.f90 <<'END'
program w
  real(8) :: x(3,90)
  integer :: y(90), i
  character(99) :: head
  open(1, file='plain.csv'); open(2, file='list.txt'); open(3, file='d.txt'); open(4, file='g0.csv')
  read(1, '(a)') head
  do i = 1, 90
    read(1, *) x(:,i), y(i)
    write(2, *) x(:,i), y(i)
    write(3, '(3d25.16,i4)') x(:,i), y(i)
    write(4, '(*(g0,:,","))') x(:,i), y(i)
  end do
end program
END
  gfortran w.f90 -o w && ./w || die "Fortran's files"
  for file in list.txt g0.csv; do alike "$(bare $file)"; done
  never 'an exponent is written with E' "$(bare d.txt)"
fi
if command -v h5fc >/dev/null; then
  cat >h.f90 <<'END'
program h
  use hdf5
  real(8) :: x(3,90)
  integer :: y(90), i, e
  integer(hid_t) :: f, s, d
  character(99) :: head
  open(1, file='plain.csv')
  read(1, '(a)') head
  read(1, *) (x(:,i), y(i), i = 1, 90)
  call h5open_f(e)
  call h5fcreate_f('fortran.h5', h5f_acc_trunc_f, f, e)
  call h5screate_simple_f(2, [90_hsize_t, 3_hsize_t], s, e)
  call h5dcreate_f(f, 'table', h5t_native_double, s, d, e)
  call h5dwrite_f(d, h5t_native_double, transpose(x), [90_hsize_t, 3_hsize_t], e)
  call h5screate_simple_f(2, [3_hsize_t, 90_hsize_t], s, e)
  call h5dcreate_f(f, 'x', h5t_native_double, s, d, e)
  call h5dwrite_f(d, h5t_native_double, x, [3_hsize_t, 90_hsize_t], e)
  call h5screate_simple_f(1, [90_hsize_t], s, e)
  call h5dcreate_f(f, 'y', h5t_native_integer, s, d, e)
  call h5dwrite_f(d, h5t_native_integer, y, [90_hsize_t], e)
  call h5fclose_f(f, e)
end program
END
  h5fc h.f90 -o h >out 2>&1 && ./h || die "Fortran's HDF5: $(cat out)"
  alike "$(hdf5 fortran.h5 /x /y)"
  alike "$(hdf5 fortran.h5 /table /y ', transpose: true')"
  never 'are samples the columns here? say transpose: true' "$(hdf5 fortran.h5 /table /y)"
fi
finish
