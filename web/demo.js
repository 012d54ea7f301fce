// The page that shows how the decoder is used: index.html

import { draw } from './tint-img.js';
import { WorkerDecoder } from './worker-decoder.js';

const about = document.getElementById('about');
const drop = document.getElementById('drop');
const decoder = new WorkerDecoder();

async function show(file) {
  about.className = '';
  about.textContent = `${file.name} is being decoded ...`;
  try {
    const bytes = await file.arrayBuffer();
    const begin = performance.now();
    const picture = await decoder.decode(bytes);
    const milliseconds = Math.round(performance.now() - begin);
    draw(document.getElementById('picture'), picture);
    const bpp = (8 * bytes.byteLength) / (picture.width * picture.height);
    about.textContent =
      `${file.name}: ${picture.width} x ${picture.height} pixels, ${bytes.byteLength.toLocaleString('en')} bytes ` +
      `(${bpp.toFixed(3)} bits per pixel), decoded in ${milliseconds} ms`;
  } catch (error) {
    about.className = 'error';
    about.textContent = `${file.name}: ${error.message}`;
  }
}

document.getElementById('file').addEventListener('change', ({ target }) => target.files[0] && show(target.files[0]));
addEventListener('dragover', (event) => {
  event.preventDefault();
  drop.className = 'over';
});
addEventListener('dragleave', () => (drop.className = ''));
addEventListener('drop', (event) => {
  event.preventDefault();
  drop.className = '';
  if (event.dataTransfer.files[0]) show(event.dataTransfer.files[0]);
});
