// Decodes the files that standard input names, a line each, and answers with milliseconds: benchmarks/browser.py

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [, , module, engine, model] = process.argv;
const { TintDecoder } = await import(module);
const decoder = await TintDecoder.load({ engine: readFileSync(engine), model: readFileSync(model) });
for await (const file of createInterface({ input: process.stdin })) {
  const bytes = readFileSync(file);
  const begin = performance.now();
  await decoder.decode(bytes);
  process.stdout.write(`${performance.now() - begin}\n`);
}
