// Runs fused.wasm on a file of numbers, and writes them back with the results: tests/web/test_fused.py

import { readFileSync, writeFileSync } from 'node:fs';

const [, , code, file] = process.argv;
const { instance } = await WebAssembly.instantiate(readFileSync(code));
const { memory, numbers_at, fuse } = instance.exports;
const numbers = readFileSync(file);
const found = new Uint8Array(memory.buffer, numbers_at(), numbers.length);
found.set(numbers);
fuse();
writeFileSync(file, found);
