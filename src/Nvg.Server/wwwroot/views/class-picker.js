import { el, fill, newId } from '../dom.js';

/** @import { ClassInfo } from '../types.js' */
/** @typedef {{ value: number | 'random', name: string, more: string }} Choice */

const limit = 60;

/**
 * A searchable list of classes (the combobox pattern of ARIA). Names, synonyms, numbers and identifiers are searched.
 */
export class ClassPicker {
  /** @type {Choice[]} */
  #choices = [];
  /** @type {Choice[]} */
  #found = [];
  #active = -1;
  #id = newId('class');
  /** @type {(value: number | 'random') => void} */
  #choose;
  /** @type {number | 'random'} */
  #value = 'random';
  #input;
  #list;

  /** @param {(value: number | 'random') => void} choose */
  constructor(choose) {
    this.#choose = choose;
    this.#list = el('ul', { class: 'options', role: 'listbox', id: `${this.#id}-list`, 'aria-label': 'Classes', hidden: true });
    this.#input = el('input', {
      id: this.#id,
      type: 'text',
      role: 'combobox',
      autocomplete: 'off',
      spellcheck: 'false',
      'aria-expanded': 'false',
      'aria-autocomplete': 'list',
      'aria-controls': `${this.#id}-list`,
    });
    this.element = el('div', { class: 'field combobox' }, el('label', { for: this.#id }, 'Class'), this.#input, this.#list);
    this.#listen();
  }

  /**
   * @param {ClassInfo[]} classes
   * @param {number | 'random'} value
   */
  update(classes, value) {
    if (this.#choices.length !== classes.length + 1 || this.#choices[1]?.name !== classes[0]?.name) {
      this.#choices = [
        { value: 'random', name: 'any class', more: '' },
        ...classes.map(each => ({
          value: each.number,
          name: each.name,
          more: [...each.synonyms, each.identifier ?? '', String(each.number)].filter(Boolean).join(', '),
        })),
      ];
    }
    this.#value = value;
    if (this.#list.hidden) this.#input.value = this.#nameOf(value);
  }

  /** Names from an error of the server, such as “did you mean ship?”. */
  focus() {
    this.#input.focus();
  }

  /** @param {number | 'random'} value */
  #nameOf(value) {
    return this.#choices.find(choice => choice.value === value)?.name ?? '';
  }

  #listen() {
    const input = this.#input;
    input.addEventListener('focus', () => input.select());
    input.addEventListener('click', () => this.#open(''));
    input.addEventListener('input', () => this.#open(input.value));
    input.addEventListener('keydown', event => this.#press(event));
    input.addEventListener('blur', () => this.#close());
    // The input must keep the focus when the list is pressed.
    this.#list.addEventListener('mousedown', event => event.preventDefault());
  }

  /** @param {string} text */
  #open(text) {
    const wanted = text.trim().toLowerCase();
    const matches = this.#choices.filter(choice => !wanted || `${choice.name}, ${choice.more}`.toLowerCase().includes(wanted));
    matches.sort((a, b) => Number(b.name.toLowerCase().startsWith(wanted)) - Number(a.name.toLowerCase().startsWith(wanted)));
    this.#found = matches.slice(0, limit);
    const current = this.#found.findIndex(choice => choice.value === this.#value);
    this.#active = wanted ? (this.#found.length ? 0 : -1) : current;
    this.#list.hidden = false;
    this.#input.setAttribute('aria-expanded', 'true');
    this.#draw(matches.length - this.#found.length);
  }

  /** @param {number} more */
  #draw(more) {
    const options = this.#found.map((choice, i) => {
      const node = el('li', { role: 'option', id: `${this.#id}-${i}`, 'aria-selected': String(i === this.#active) }, choice.name);
      node.addEventListener('click', () => this.#pick(choice));
      return node;
    });
    const note = this.#found.length === 0 ? 'No class has this name' : more > 0 ? `${more} more: type to search` : '';
    fill(
      this.#list,
      ...options,
      note && el('li', { class: 'note', role: 'option', 'aria-disabled': 'true', 'aria-selected': 'false' }, note),
    );
    const active = options[this.#active];
    if (active) {
      this.#input.setAttribute('aria-activedescendant', active.id);
      active.scrollIntoView({ block: 'nearest' });
    } else {
      this.#input.removeAttribute('aria-activedescendant');
    }
  }

  #close() {
    this.#list.hidden = true;
    this.#input.setAttribute('aria-expanded', 'false');
    this.#input.removeAttribute('aria-activedescendant');
    this.#input.value = this.#nameOf(this.#value);
  }

  /** @param {Choice} choice */
  #pick(choice) {
    this.#value = choice.value;
    this.#close();
    this.#choose(choice.value);
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const isOpen = !this.#list.hidden;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (!isOpen) this.#open('');
      else this.#step(event.key === 'ArrowDown' ? 1 : -1);
    } else if (event.key === 'Enter' && isOpen) {
      const choice = this.#found[this.#active];
      if (choice) this.#pick(choice);
    } else if (event.key === 'Escape' && isOpen) {
      this.#close();
      event.stopPropagation();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** @param {number} by */
  #step(by) {
    const count = this.#found.length;
    if (count) this.#active = (this.#active + by + count) % count;
    this.#draw(0);
  }
}
