// The native API of the server, one function per endpoint. See docs/serving.md.

/** @import { ModelsAnswer, Job, Problem, StructureAnswer, DocumentAnswer } from './types.js' */

const root = new URL('api/', document.baseURI);

/** A response that is not a success, or no response at all (status 0). */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {Problem} problem
   * @param {number | null} retryAfter seconds
   */
  constructor(status, problem, retryAfter) {
    super(problem.detail || problem.title || `The server answered with status ${status}.`);
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/** @type {() => Promise<void>} */
let signIn = () => Promise.reject(new Error('no sign-in'));

/**
 * Sets the function that asks for the key when the server requires one. The request is then sent again.
 * @param {() => Promise<void>} ask
 */
export function onUnauthorized(ask) {
  signIn = ask;
}

/** @param {string} path */
const url = path => new URL(path, root);

/** @param {Response} response */
async function problemOf(response) {
  const type = response.headers.get('content-type') ?? '';
  if (!type.includes('json')) return { title: response.statusText };
  return /** @type {Promise<Problem>} */ (response.json().catch(() => ({ title: response.statusText })));
}

/**
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
async function request(path, options) {
  let response;
  try {
    response = await fetch(url(path), options);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, { detail: 'The server cannot be reached. Is it still running?' }, null);
  }
  if (response.ok) return response;
  const retry = Number(response.headers.get('retry-after'));
  throw new ApiError(response.status, await problemOf(response), Number.isFinite(retry) && retry > 0 ? retry : null);
}

/**
 * Like `request`, but signs in and tries again once if a key is required.
 * @param {string} path
 * @param {RequestInit} [options]
 */
async function call(path, options) {
  try {
    return await request(path, options);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    await signIn();
    return request(path, options);
  }
}

/**
 * @param {unknown} body
 * @param {AbortSignal} [signal]
 * @returns {RequestInit}
 */
const json = (body, signal) => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
  signal,
});

/**
 * @param {unknown} body
 * @param {Blob} reference
 * @returns {RequestInit}
 */
function form(body, reference) {
  const data = new FormData();
  data.set('request', JSON.stringify(body));
  data.set('reference', reference, 'reference');
  return { method: 'POST', body: data };
}

export const api = {
  /** @returns {Promise<ModelsAnswer>} */
  models: async () => (await call('models')).json(),

  /** @returns {Promise<{ required: boolean, authenticated: boolean }>} */
  session: async () => (await request('session')).json(),

  /** @param {string} key */
  signIn: key => request('session', json({ key })),

  signOut: () => request('session', { method: 'DELETE' }),

  /**
   * @param {object} body
   * @param {Blob | null} reference
   * @returns {Promise<Job>}
   */
  post: async (body, reference) => (await call('jobs', reference ? form(body, reference) : json(body))).json(),

  /**
   * @param {string} id
   * @returns {Promise<Job>}
   */
  job: async id => (await call(`jobs/${encodeURIComponent(id)}`)).json(),

  /** @param {string} id */
  cancel: id => call(`jobs/${encodeURIComponent(id)}`, { method: 'DELETE' }),

  /** @param {string} id */
  events: id => url(`jobs/${encodeURIComponent(id)}/events`).href,

  /**
   * @param {string} id
   * @param {number} index
   * @param {'png' | 'nvg'} format
   */
  image: async (id, index, format) => (await call(`jobs/${encodeURIComponent(id)}/images/${index}.${format}`)).blob(),

  /**
   * @param {string} id
   * @param {number} index
   * @param {number} stage
   */
  preview: async (id, index, stage) => (await call(`jobs/${encodeURIComponent(id)}/images/${index}/stages/${stage}`)).blob(),

  /**
   * @param {string} model
   * @param {object} structure
   * @param {AbortSignal} signal
   * @returns {Promise<StructureAnswer>}
   */
  structure: async (model, structure, signal) => (await call('structure', json({ model, structure }, signal))).json(),

  /**
   * @param {Blob} file
   * @param {string} model
   * @returns {Promise<DocumentAnswer>}
   */
  describe: async (file, model) => {
    const options = { method: 'POST', body: file, headers: { 'Content-Type': 'application/octet-stream' } };
    return (await call(`documents?model=${encodeURIComponent(model)}`, options)).json();
  },
};
