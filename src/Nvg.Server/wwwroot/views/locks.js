import { el } from '../dom.js';
import { icon } from '../icons.js';

/** @import { Item, Keep } from '../types.js' */

/**
 * A row of locks for structure and one for content, with a column per stage. Structure is kept from the first stage on without a
 * gap. Content is kept only if the structure is kept, because a token belongs to a cluster.
 * @param {Item} item
 * @param {(keep: Keep) => void} change
 */
export function createLocks(item, change) {
  /** @type {Keep} */
  let keep = { structure: 0, content: [] };
  const stages = Array.from({ length: item.stageCount }, (_, stage) => stage);

  const structure = stages.map(stage => lock(`Structure of stage ${stage + 1}`, () => change(toggleStructure(keep, stage))));
  const content = stages.map(stage => lock(`Content of stage ${stage + 1}`, () => change(toggleContent(keep, stage))));
  const head = el('tr', {}, el('td'), ...stages.map(stage => el('th', { scope: 'col' }, stage + 1)));
  const row = /** @param {string} name @param {HTMLElement[]} cells */ (name, cells) =>
    el('tr', {}, el('th', { scope: 'row' }, name), ...cells.map(cell => el('td', {}, cell)));
  const element = el(
    'table',
    { class: 'locks' },
    el('caption', { class: 'hidden' }, 'What is kept of each stage'),
    el('thead', {}, head),
    el('tbody', {}, row('Structure', structure), row('Content', content)),
  );

  const update = /** @param {Keep} value @param {boolean} isDrawn */ (value, isDrawn) => {
    keep = value;
    for (const [stage, node] of structure.entries()) show(node, stage < keep.structure, isDrawn);
    for (const [stage, node] of content.entries()) show(node, keep.content.includes(stage), false);
  };
  return { element, update };
}

/**
 * @param {string} name
 * @param {() => void} run
 */
function lock(name, run) {
  return el('button', {
    type: 'button',
    class: 'lock',
    'aria-label': `Keep: ${name.toLowerCase()}`,
    'aria-pressed': 'false',
    onclick: run,
  });
}

/**
 * @param {HTMLButtonElement} node
 * @param {boolean} isLocked
 * @param {boolean} isDisabled
 */
function show(node, isLocked, isDisabled) {
  node.setAttribute('aria-pressed', String(isLocked));
  node.disabled = isDisabled;
  node.replaceChildren(icon(isLocked ? 'lock' : 'unlock'));
}

/**
 * @param {Keep} keep
 * @param {number} stage
 * @returns {Keep}
 */
export function toggleStructure(keep, stage) {
  const structure = stage < keep.structure ? stage : stage + 1;
  return { structure, content: keep.content.filter(each => each < structure) };
}

/**
 * @param {Keep} keep
 * @param {number} stage
 * @returns {Keep}
 */
export function toggleContent(keep, stage) {
  const isKept = keep.content.includes(stage);
  const content = isKept ? keep.content.filter(each => each !== stage) : [...keep.content, stage].sort((a, b) => a - b);
  return { structure: isKept ? keep.structure : Math.max(keep.structure, stage + 1), content };
}
