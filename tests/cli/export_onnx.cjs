// export_onnx NAME...: runs NAME.onnx by onnxruntime-web on the first half of the samples in NAME.x, and compares with NAME.want, the outputs of lockstep: within 1e-5 of
// their size and of the target's scale, which is in NAME.npz. Every NAME.onnx that fails is named; the exit code says whether one did.
const fs = require('fs');
const ort = require('onnxruntime-web');
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

const FLOAT = 1, DOUBLE = 11;  // of a tensor
const kinds = {[FLOAT]: ['float32', Float32Array], [DOUBLE]: ['float64', Float64Array]};
const array = (bytes, type) => new type(Uint8Array.from(bytes).buffer);

// The numbers of an array in an archive that is not packed: behind its name, the extra field and NumPy's header.
function stored(file, name) {
  const zip = fs.readFileSync(file), at = zip.indexOf(name + '.npy'), extra = zip.readUInt16LE(at - 2);
  const size = zip.readUInt32LE(at - 8), begin = at + name.length + 4 + extra;
  return array(zip.subarray(begin + 128, begin + size), Float64Array);
}

async function check(name) {
  const [inputs, outputs, ofX, ofY] = fs.readFileSync(name + '.shape', 'utf8').split(' ').map(Number);
  const [type, X] = kinds[ofX], Y = kinds[ofY][1];
  const x = array(fs.readFileSync(name + '.x'), X), want = array(fs.readFileSync(name + '.want'), Y);
  const half = x.length / inputs >> 1, some = want.subarray(0, half * outputs);
  const session = await ort.InferenceSession.create(fs.readFileSync(name + '.onnx'));
  const {y} = await session.run({x: new ort.Tensor(type, x.subarray(0, half * inputs), [half, inputs])});
  if (y.data.length !== some.length || y.dims[1] !== outputs || y.data.constructor !== Y) throw new Error(`y is ${y.type} of ${y.dims}`);
  const scale = stored(name + '.npz', 'y_divisor');
  const worst = some.reduce((most, v, i) => Math.max(most, Math.abs(y.data[i] - v) / (Math.abs(v) + scale[i % outputs])), 0);
  console.log(`${name}.onnx: off by ${worst} of its size and scale`);
  if (!(worst <= 1e-5)) throw new Error(`off by ${worst}`);
}

(async () => {
  for (const name of process.argv.slice(2)) {
    await check(name).catch(error => {
      console.error(`${name}.onnx: ${error.message}`);
      process.exitCode = 1;
    });
  }
})();
