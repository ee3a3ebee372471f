import { api } from './api.js';

/** @import { StageEvent, ImageEvent, Problem } from './types.js' */

/**
 * The events of a job. `lost` means that the stream ended without a final event: the job is unknown or has expired.
 * @typedef {{
 *   queued: (data: { position: number }) => void,
 *   started: (data: { images: number[] }) => void,
 *   stage: (data: StageEvent) => void,
 *   image: (data: ImageEvent) => void,
 *   completed: () => void,
 *   failed: (data: { error: Problem }) => void,
 *   cancelled: (data: { reason: string, images: number }) => void,
 *   waiting: () => void,
 *   lost: () => void
 * }} JobListener
 */

const names = /** @type {const} */ (['queued', 'started', 'stage', 'image', 'completed', 'failed', 'cancelled']);
const last = new Set(['completed', 'failed', 'cancelled']);

/**
 * Follows a job from its first event. The browser reconnects by itself and continues after the last event that it received.
 * @param {string} job
 * @param {JobListener} listener
 * @returns {() => void} stops following
 */
export function followJob(job, listener) {
  const source = new EventSource(api.events(job));
  for (const name of names) {
    source.addEventListener(name, event => {
      if (last.has(name)) source.close();
      listener[name](JSON.parse(/** @type {MessageEvent<string>} */ (event).data));
    });
  }
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) listener.lost();
    else listener.waiting();
  };
  return () => source.close();
}
