import { el } from '../dom.js';
import { drawStage } from '../maps/draw.js';
import { drawExample, examples } from '../paint/examples.js';

/** Instructions before there is an image: three steps, with drawings of the splits of the first stages. */
export function createWelcome() {
  const steps = [
    ['Draw', 'Paint where things go, or start with the river on the drawing board.'],
    ['Choose', 'Pick a class. A seed determines everything else: the same seed gives the same image.'],
    ['Watch it grow', 'The image starts as one part and splits into 2, 4, 8, … parts. Stop, go back to a stage, and vary from there.'],
  ];
  return el(
    'div',
    { class: 'welcome' },
    createSplits(),
    el('p', { class: 'welcome-title' }, 'Images that follow your drawing'),
    el('ol', {}, ...steps.map(([name, text]) => el('li', {}, el('strong', {}, name), ' ', text))),
    el('p', { class: 'note' }, 'You can also drop an image or a .nvg file anywhere on this page. Press ? for the keys.'),
  );
}

/** Four structure maps of a river, each a split of the previous one. */
function createSplits() {
  const size = 16;
  const example = examples.halves[0];
  const drawing = example ? drawExample(example, size, size).data : new Uint8Array(size * size);
  const maps = [0, 1, 2, 3].map(stage => {
    const canvas = el('canvas', { class: 'map', 'aria-hidden': 'true' });
    const map = Array.from(drawing, (value, at) => {
      const rest = value ? [at >= (size * size) / 2, at % 32 >= 16] : [at % size >= size / 2, at >= (size * size) / 2];
      return [value, Number(rest[0]), Number(rest[1])].slice(0, stage).reduce((label, bit) => 2 * label + bit, 0);
    });
    drawStage(canvas, map, { width: size, height: size }, stage);
    return canvas;
  });
  return el('div', { class: 'splits' }, ...maps);
}
