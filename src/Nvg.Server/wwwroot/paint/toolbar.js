import { el, fill, newId } from '../dom.js';
import { icon } from '../icons.js';
import { css } from './palettes.js';

/** @import { Painter, Tool } from './painter.js' */

/** @type {{ tool: Tool, name: string, key: string }[]} */
const tools = [
  { tool: 'brush', name: 'Brush', key: 'B' },
  { tool: 'fill', name: 'Fill', key: 'F' },
  { tool: 'eraser', name: 'Eraser', key: 'E' },
];

/**
 * Tools, size, palette, undo and redo of one painter.
 * @param {Painter} painter
 * @param {{ withPalette: boolean }} options
 * @returns {HTMLElement}
 */
export function createToolbar(painter, options) {
  const buttons = tools.map(({ tool, name, key }) => ({
    tool,
    node: button(icon(tool), `${name} (${key})`, () => painter.setTool(tool)),
  }));
  const undo = button(icon('undo'), 'Undo (Ctrl+Z)', () => painter.undo());
  const redo = button(icon('redo'), 'Redo (Ctrl+Shift+Z)', () => painter.redo());
  const size = sizeField(painter);
  const swatches = options.withPalette ? createPalette(painter) : null;

  const update = () => {
    for (const { tool, node } of buttons) node.setAttribute('aria-pressed', String(painter.tool === tool));
    undo.disabled = !painter.canUndo;
    redo.disabled = !painter.canRedo;
    size.update();
    swatches?.update();
  };
  painter.addEventListener('tool', update);
  update();
  const bar = el('div', { class: 'tools', role: 'group', 'aria-label': 'Painting tools' });
  fill(bar, ...buttons.map(each => each.node), size.element, el('span', { class: 'gap' }), undo, redo);
  return el('div', { class: 'toolbar' }, bar, swatches?.element);
}

/** @param {Painter} painter */
function sizeField(painter) {
  const id = newId('size');
  const input = el('input', { type: 'range', min: '1', step: '1', id, title: 'Size of the tool ( [ and ] )' });
  input.addEventListener('input', () => (painter.size = Number(input.value)));
  const element = el('span', { class: 'size' }, el('label', { for: id, class: 'hidden' }, 'Size'), input);
  const update = () => {
    input.max = String(painter.largest);
    input.value = String(painter.size);
    input.disabled = painter.tool === 'fill';
  };
  return { element, update };
}

/** @param {Painter} painter */
function createPalette(painter) {
  const swatches = painter.palette.map((paint, i) => {
    const node = el('button', { type: 'button', class: 'swatch', title: `${paint.name} (${i + 1})`, 'aria-label': paint.name });
    node.style.setProperty('--paint', css(paint.colour));
    node.addEventListener('click', () => painter.setValue(paint.value));
    return { value: paint.value, node };
  });
  const element = el('div', { class: 'palette', role: 'group', 'aria-label': 'Palette' }, ...swatches.map(each => each.node));
  const update = () => {
    for (const { value, node } of swatches) {
      node.setAttribute('aria-pressed', String(painter.value === value && painter.tool !== 'eraser'));
    }
  };
  return { element, update };
}

/**
 * @param {Node} content
 * @param {string} name
 * @param {() => void} run
 */
function button(content, name, run) {
  return el('button', { type: 'button', class: 'tool', title: name, 'aria-label': name, onclick: run }, content);
}
