// apply NAME INPUTS ROWS...: nanoseconds a row of NAME.onnx under onnxruntime-web, one thread; for bench/apply.sh.
const fs = require('fs');
const ort = require('onnxruntime-web');
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';
(async () => {
  const [name, inputs, ...all] = process.argv.slice(2);
  const session = await ort.InferenceSession.create(fs.readFileSync(name + '.onnx'));
  for (const rows of all.map(Number)) {
    const x = new ort.Tensor('float32', Float32Array.from({length: rows * inputs}, (_, k) => (k % 17) / 17), [rows, Number(inputs)]);
    let best = Infinity;
    for (let i = 0; i < 10; i++) {
      const start = process.hrtime.bigint();
      let calls = 0, now;
      do {
        await session.run({x});
        calls++;
        now = process.hrtime.bigint();
      } while (now - start < 10_000_000n);
      best = Math.min(best, Number(now - start) / (calls * rows));
    }
    console.log(`${name} ${rows} ${best.toFixed(0)}`);
  }
})();
