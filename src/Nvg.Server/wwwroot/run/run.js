import { api, ApiError } from '../api.js';
import { followJob } from '../events.js';
import { gallery } from '../store/gallery.js';
import { itemOfJob } from './item.js';
import { postPatiently } from './post.js';

/** @import { Item, Job, ModelInfo, Recipe, StageEvent, ImageEvent } from '../types.js' */
/** @typedef {'sending' | 'busy' | 'queued' | 'running' | 'completed' | 'failed' | 'cancelled' | 'lost'} RunState */

/**
 * One job, from the form to the gallery. Emits `change` whenever the views should be redrawn, and `end` once.
 */
export class Run extends EventTarget {
  /** @type {RunState} */
  state = 'sending';
  /** @type {string | null} */
  id = null;
  /** @type {Item[]} */
  items = [];
  /** Share of the whole job. */
  progress = 0;
  position = 0;
  /** Seconds until the job is sent again, if the server is busy. */
  retryIn = 0;
  /** @type {string[]} */
  notes = [];
  /** @type {Error | null} */
  error = null;
  isReconnecting = false;
  #stop = new AbortController();
  /** @type {Promise<void>[]} */
  #loading = [];
  /** @type {Map<number, Promise<void>[]>} previews on their way, by image */
  #previews = new Map();
  #model;
  #recipe;

  /**
   * @param {ModelInfo} model
   * @param {Recipe | null} recipe
   */
  constructor(model, recipe) {
    super();
    this.#model = model;
    this.#recipe = recipe;
  }

  get isOver() {
    return ['completed', 'failed', 'cancelled', 'lost'].includes(this.state);
  }

  get model() {
    return this.#model;
  }

  get recipe() {
    return this.#recipe;
  }

  /**
   * Sends the job. If the server is busy, the job is sent again when the server says so.
   * @param {Record<string, unknown>} request
   * @param {Blob | null} source
   */
  async start(request, source) {
    try {
      const job = await postPatiently(request, source, this.#stop.signal, seconds => {
        this.state = 'busy';
        this.retryIn = seconds;
        this.#changed();
      });
      this.follow(job);
    } catch (error) {
      if (this.#stop.signal.aborted) this.#end('cancelled');
      else this.#fail(/** @type {Error} */ (error));
    }
  }

  /** @param {Job} job */
  follow(job) {
    this.id = job.id;
    this.state = 'queued';
    this.position = job.queuePosition ?? 0;
    this.notes = job.notes;
    this.items = job.images.map(image => itemOfJob(job, image, this.#model, this.#recipe));
    this.#changed();
    this.#listen(job.id);
  }

  /** Stops at once. Everything finished so far is kept. */
  cancel() {
    if (this.isOver) return;
    this.#stop.abort();
    if (this.id) api.cancel(this.id).catch(error => this.#fail(error));
  }

  /** @param {string} id */
  #listen(id) {
    followJob(id, {
      queued: ({ position }) => this.#set({ position }),
      started: ({ images }) => {
        for (const index of images) this.#item(index).state = 'running';
        this.#set({ state: 'running' });
      },
      stage: event => this.#takeStage(id, event),
      image: event => this.#takeImage(id, event),
      completed: () => this.#finish('completed'),
      failed: ({ error }) => this.#fail(new ApiError(error.status ?? 500, error, null)),
      cancelled: () => this.#finish('cancelled'),
      waiting: () => this.#set({ isReconnecting: true }),
      lost: () => this.#recover(id),
    });
  }

  /** @param {number} index */
  #item(index) {
    const item = this.items[index];
    if (!item) throw new Error(`the job has no image ${index}`);
    return item;
  }

  /** @param {Partial<Pick<Run, 'state' | 'position' | 'isReconnecting' | 'progress'>>} values */
  #set(values) {
    Object.assign(this, { isReconnecting: false }, values);
    this.#changed();
  }

  /**
   * @param {string} id
   * @param {StageEvent} event
   */
  #takeStage(id, event) {
    for (const { index, structure, preview } of event.images) {
      const stage = { structure, preview: /** @type {Blob | null} */ (null) };
      this.#item(index).stages[event.stage] = stage;
      if (preview) {
        const loading = this.#load(api.preview(id, index, event.stage), blob => (stage.preview = blob));
        this.#previews.set(index, [...(this.#previews.get(index) ?? []), loading]);
      }
    }
    this.#set({ progress: event.progress });
  }

  /**
   * @param {string} id
   * @param {ImageEvent} event
   */
  #takeImage(id, event) {
    const item = this.#item(event.index);
    const both = Promise.all([api.image(id, event.index, 'png'), api.image(id, event.index, 'nvg')]);
    this.#load(both, async ([image, document]) => {
      item.image = image;
      item.source = document;
      item.state = 'completed';
      await Promise.all(this.#previews.get(event.index) ?? []);
      await this.#keep(item);
    });
  }

  /**
   * @template T
   * @param {Promise<T>} request
   * @param {(value: T) => unknown} use
   */
  #load(request, use) {
    const loading = request.then(use).then(
      () => this.#changed(),
      error => {
        this.error ??= error;
        this.#changed();
      },
    );
    this.#loading.push(loading);
    return loading;
  }

  /** @param {Item} item */
  async #keep(item) {
    try {
      await gallery.put(item);
    } catch {
      this.error ??= new Error('The browser does not let this page store images: the gallery will be empty after a reload.');
    }
  }

  /** @param {'completed' | 'cancelled'} state */
  async #finish(state) {
    await Promise.all(this.#loading);
    for (const item of this.items.filter(each => each.state !== 'completed')) {
      item.state = 'stopped';
      if (item.stages.length) await this.#keep(item);
    }
    if (state === 'completed') this.progress = 1;
    this.#end(state);
  }

  /** @param {Error} error */
  #fail(error) {
    this.error = error;
    for (const item of this.items) if (item.state !== 'completed') item.state = 'failed';
    this.#end('failed');
  }

  /**
   * Called if the stream has ended for good: queries the state of the job.
   * @param {string} id
   */
  async #recover(id) {
    if (this.isOver) return;
    try {
      const job = await api.job(id);
      if (job.state === 'queued' || job.state === 'running') window.setTimeout(() => this.#listen(id), 2000);
      else await this.#finish(job.state === 'completed' ? 'completed' : 'cancelled');
    } catch (error) {
      this.error = /** @type {Error} */ (error);
      this.#end('lost');
    }
  }

  /** @param {RunState} state */
  #end(state) {
    this.state = state;
    this.isReconnecting = false;
    this.#changed();
    this.dispatchEvent(new Event('end'));
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}
