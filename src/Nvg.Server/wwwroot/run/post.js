import { api, ApiError } from '../api.js';

/**
 * Sends a job. While the queue is full or the server is restarting, waits as long as the server says and tries again.
 * @param {Record<string, unknown>} request
 * @param {Blob | null} source
 * @param {AbortSignal} signal
 * @param {(seconds: number) => void} tellBusy
 */
export async function postPatiently(request, source, signal, tellBusy) {
  for (;;) {
    try {
      return await api.post(request, source);
    } catch (error) {
      const seconds = error instanceof ApiError && [429, 503].includes(error.status) ? error.retryAfter : null;
      if (seconds === null) throw error;
      await wait(Math.min(seconds, 60), signal, tellBusy);
    }
  }
}

/**
 * @param {number} seconds
 * @param {AbortSignal} signal
 * @param {(seconds: number) => void} tell
 */
async function wait(seconds, signal, tell) {
  for (let left = Math.ceil(seconds); left > 0; left--) {
    tell(left);
    await new Promise(done => setTimeout(done, 1000));
    signal.throwIfAborted();
  }
}
