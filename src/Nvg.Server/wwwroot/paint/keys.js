import { isTextField } from '../dom.js';

/** @import { Painter } from './painter.js' */

/** @type {Record<string, (painter: Painter) => void>} */
const keys = {
  b: painter => painter.setTool('brush'),
  f: painter => painter.setTool('fill'),
  e: painter => painter.setTool('eraser'),
  '[': painter => (painter.size -= 1),
  ']': painter => (painter.size += 1),
};

/**
 * Handles keys while the focus is within an element. `event.key` is the letter in the current layout, so undo is where the user's
 * keyboard has its Z.
 * @param {HTMLElement} element
 * @param {() => Painter | null} painterOf
 */
export function listenToKeys(element, painterOf) {
  element.addEventListener('keydown', event => {
    const painter = painterOf();
    if (!painter || event.altKey || isTextField(event.target)) return;
    if (press(painter, event)) event.preventDefault();
  });
}

/**
 * @param {Painter} painter
 * @param {KeyboardEvent} event
 */
function press(painter, event) {
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) return pressCommand(painter, key, event.shiftKey);
  const paint = /^[1-9]$/.test(key) ? painter.palette[Number(key) - 1] : undefined;
  if (paint) painter.setValue(paint.value);
  else if (keys[key]) keys[key](painter);
  else return false;
  return true;
}

/**
 * @param {Painter} painter
 * @param {string} key
 * @param {boolean} shift
 */
function pressCommand(painter, key, shift) {
  if (key === 'z' && !shift) painter.undo();
  else if (key === 'y' || key === 'z') painter.redo();
  else return false;
  return true;
}
