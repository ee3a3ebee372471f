import { el, fill, newId } from '../dom.js';
import { settingNames } from '../recipe/describe.js';

/** @import { Sampling, Schedule } from '../types.js' */
/** @import { Studio } from '../studio.js' */
/** @typedef {'contentGuidance' | 'structureGuidance' | 'topP'} ScheduleName */

/**
 * Sampling settings. Only settings that differ from the model's are sent.
 * @param {HTMLElement} root
 * @param {Studio} studio
 */
export function showSampling(root, studio) {
  const summary = el('span', { class: 'note' });
  const set = /** @param {Partial<Sampling>} change */ change =>
    studio.recipe.change({ sampling: { ...studio.recipe.value.sampling, ...change } });
  const fields = [
    numberField('temperature', 'Temperature', { min: 0, max: 3, step: 0.05 }, set),
    numberField('topK', 'Top-k (0 = off)', { min: 0, max: 65536, step: 1 }, set),
    scheduleField('topP', 'Top-p', 0.01, set),
    scheduleField('contentGuidance', 'Content guidance', 0.1, set),
    scheduleField('structureGuidance', 'Structure guidance', 0.1, set),
    stepsField(set),
    gumbelField(set),
  ];
  const reset = el(
    'button',
    { type: 'button', class: 'chip', onclick: () => studio.recipe.change({ sampling: {} }) },
    'Use the model’s settings',
  );
  fill(
    root,
    el(
      'details',
      {},
      el('summary', { class: 'heading' }, el('h2', {}, 'Sampling'), summary),
      el('div', { class: 'settings' }, ...fields.map(field => field.element)),
      reset,
    ),
  );
  studio.recipe.subscribe(recipe => {
    const values = { ...studio.current.sampling, ...recipe.sampling };
    for (const field of fields) field.update(values);
    const changed = Object.keys(recipe.sampling).map(key => settingNames[/** @type {keyof Sampling} */ (key)]);
    summary.textContent = changed.length ? changed.join(', ') : 'the model’s settings';
    reset.disabled = changed.length === 0;
  });
}

/**
 * @param {'temperature' | 'topK'} name
 * @param {string} text
 * @param {{ min: number, max: number, step: number }} range
 * @param {(change: Partial<Sampling>) => void} set
 */
function numberField(name, text, range, set) {
  const id = newId(name);
  const input = el('input', { id, type: 'number', ...range });
  input.addEventListener('change', () => {
    if (input.value !== '' && Number.isFinite(input.valueAsNumber)) set({ [name]: input.valueAsNumber });
  });
  const element = el('div', { class: 'field' }, el('label', { for: id }, text), input);
  const update = /** @param {Sampling} values */ values => {
    input.value = String(values[name]);
  };
  return { element, update };
}

/**
 * A schedule over the stages: its values at the first and the last stage, or all values.
 * @param {ScheduleName} name
 * @param {string} text
 * @param {number} step
 * @param {(change: Partial<Sampling>) => void} set
 */
function scheduleField(name, text, step, set) {
  const kind = el(
    'select',
    { 'aria-label': `${text}: schedule over the stages` },
    ...['constant', 'linear', 'power', 'per stage'].map(each => el('option', { value: each }, each)),
  );
  const first = el('input', { type: 'number', step, min: 0, 'aria-label': `${text}: first stage` });
  const last = el('input', { type: 'number', step, min: 0, 'aria-label': `${text}: last stage` });
  const all = el('input', { type: 'text', 'aria-label': `${text}: a number for each stage` });
  const read = () => {
    const schedule = readSchedule(kind.value, first.valueAsNumber, last.valueAsNumber, all.value);
    if (schedule !== null) set(/** @type {Partial<Sampling>} */ ({ [name]: schedule }));
  };
  for (const input of [kind, first, last, all]) input.addEventListener('change', read);
  const element = el(
    'fieldset',
    { class: 'field' },
    el('legend', {}, text),
    el('div', { class: 'row schedule' }, kind, first, el('span', { 'aria-hidden': 'true' }, '→'), last, all),
  );
  const update = /** @param {Sampling} values */ values => {
    const { kind: shape, numbers } = shapeOf(values[name]);
    kind.value = shape;
    element.dataset['kind'] = shape;
    first.value = String(numbers[0] ?? 0);
    last.value = String(numbers.at(-1) ?? 0);
    all.value = numbers.join(', ');
  };
  return { element, update };
}

/** @param {Schedule} schedule */
function shapeOf(schedule) {
  if (typeof schedule === 'number') return { kind: 'constant', numbers: [schedule] };
  if ('linear' in schedule) return { kind: 'linear', numbers: schedule.linear };
  if ('power' in schedule) return { kind: 'power', numbers: schedule.power };
  return { kind: 'per stage', numbers: schedule.perStage };
}

/**
 * @param {string} kind
 * @param {number} first
 * @param {number} last
 * @param {string} all
 * @returns {Schedule | null} `null` if a number is missing
 */
function readSchedule(kind, first, last, all) {
  const numbers =
    kind === 'per stage'
      ? all
          .split(/[\s,;]+/)
          .filter(Boolean)
          .map(Number)
      : kind === 'constant'
        ? [first]
        : [first, last];
  if (numbers.length === 0 || !numbers.every(Number.isFinite)) return null;
  if (kind === 'constant') return first;
  return kind === 'linear' ? { linear: numbers } : kind === 'power' ? { power: numbers } : { perStage: numbers };
}

/** @param {(change: Partial<Sampling>) => void} set */
function stepsField(set) {
  const id = newId('steps');
  const input = el('input', { id, type: 'text', title: 'A number, a number for each stage, or auto' });
  input.addEventListener('change', () => {
    const text = input.value.trim();
    const numbers = text.split(/[\s,;]+/).map(Number);
    if (text === 'auto') set({ structureSteps: 'auto' });
    else if (text && numbers.every(Number.isInteger)) set({ structureSteps: numbers.length > 1 ? numbers : (numbers[0] ?? 1) });
  });
  const element = el('div', { class: 'field' }, el('label', { for: id }, 'Structure steps'), input);
  const update = /** @param {Sampling} values */ ({ structureSteps }) => {
    input.value = Array.isArray(structureSteps) ? structureSteps.join(', ') : String(structureSteps);
  };
  return { element, update };
}

/** @param {(change: Partial<Sampling>) => void} set */
function gumbelField(set) {
  const input = el('input', { type: 'checkbox' });
  input.addEventListener('change', () => set({ gumbel: input.checked }));
  const element = el('label', { class: 'check' }, input, el('span', {}, 'Draw splits by Gumbel-top-k'));
  const update = /** @param {Sampling} values */ values => {
    input.checked = values.gumbel;
  };
  return { element, update };
}
