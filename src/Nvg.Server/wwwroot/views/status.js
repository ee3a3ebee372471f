import { announce } from '../announce.js';
import { ApiError } from '../api.js';
import { el, fill } from '../dom.js';
import { icon } from '../icons.js';

/** @import { Run } from '../run/run.js' */
/** @import { Studio } from '../studio.js' */

/**
 * Progress of the run, and the button that stops it.
 * @param {HTMLElement} root
 * @param {Studio} studio
 */
export function showStatus(root, studio) {
  const text = el('span', { class: 'grow' });
  const bar = el('progress', { max: 1, value: 0, 'aria-label': 'Progress' });
  const stop = el('button', { type: 'button', class: 'stop', title: 'Stop and keep the images so far (Esc)' }, icon('stop'), 'Stop');
  stop.addEventListener('click', () => studio.run.value?.cancel());
  const notes = el('ul', { class: 'notes' });
  const line = el('div', { class: 'status' }, el('div', { class: 'row' }, text, stop), bar);
  const problem = el('div', { class: 'problem', role: 'alert', hidden: true });
  fill(root, line, problem, notes);

  studio.run.subscribe(run => {
    line.hidden = !run || run.isOver;
    root.dataset['run'] = run?.state ?? '';
    fill(notes, ...(run?.notes ?? []).map(note => el('li', {}, note)));
    if (!run) return;
    const sentence = stateOf(run);
    text.textContent = sentence;
    bar.value = run.progress;
    announce(run.isOver ? resultOf(run) : sentence);
  });
  studio.error.subscribe(error => {
    problem.hidden = !error;
    if (error) showProblem(problem, error, studio);
  });
}

/** @param {Run} run */
function stateOf(run) {
  if (run.isReconnecting) return 'The connection was lost. Trying again…';
  const done = run.items.filter(item => item.state === 'completed').length;
  switch (run.state) {
    case 'sending':
      return 'Sending…';
    case 'busy':
      return `The server is busy. Trying again in ${run.retryIn} s.`;
    case 'queued':
      return run.position > 0
        ? `Waiting: ${run.position} image${run.position === 1 ? '' : 's'} ahead in the queue.`
        : 'Waiting for the model…';
    case 'running': {
      const active = run.items.find(item => item.state === 'running');
      const stage = active && active.stages.length < active.stageCount ? `, stage ${active.stages.length + 1} of ${active.stageCount}` : '';
      return run.items.length === 1 ? `Generating${stage}` : `Image ${Math.min(done + 1, run.items.length)} of ${run.items.length}${stage}`;
    }
    default:
      return '';
  }
}

/** @param {Run} run */
function resultOf(run) {
  const done = run.items.filter(item => item.state === 'completed').length;
  const images = done === 1 ? '1 image is' : `${done} images are`;
  if (run.state === 'completed') return `${images} finished.`;
  if (run.state === 'cancelled') return `Stopped. ${images} finished; the others keep the stage they reached.`;
  return 'The run ended with an error.';
}

/**
 * @param {HTMLElement} node
 * @param {Error} error
 * @param {Studio} studio
 */
function showProblem(node, error, studio) {
  const suggestions = error instanceof ApiError ? (error.problem.suggestions ?? []) : [];
  const buttons = suggestions.flatMap(name => {
    const number = studio.current.classes.find(each => each.name === name)?.number;
    if (number === undefined) return [];
    const use = () => {
      studio.error.set(null);
      studio.recipe.change({ class: number });
    };
    return el('button', { type: 'button', class: 'chip', onclick: use }, name);
  });
  const close = el('button', { type: 'button', class: 'tool', 'aria-label': 'Close the message' }, icon('close'));
  close.addEventListener('click', () => studio.error.set(null));
  fill(node, el('span', { class: 'grow' }, error.message), ...buttons, close);
}
