/**
 * A value with listeners. Listeners are called after every `set`, in the order of subscription.
 * @template T
 */
export class Observable {
  /** @type {Set<(value: T) => void>} */
  #listeners = new Set();
  /** @type {T} */
  #value;

  /** @param {T} value */
  constructor(value) {
    this.#value = value;
  }

  get value() {
    return this.#value;
  }

  /** @param {T} value */
  set(value) {
    this.#value = value;
    for (const listener of this.#listeners) listener(value);
  }

  /** @param {Partial<T>} change */
  change(change) {
    this.set({ ...this.#value, ...change });
  }

  /**
   * Calls the listener now and after every change.
   * @param {(value: T) => void} listener
   */
  subscribe(listener) {
    this.#listeners.add(listener);
    listener(this.#value);
    return () => this.#listeners.delete(listener);
  }
}
