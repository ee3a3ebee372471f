// The npm package `openai` against a server: node openai.mjs ADDRESS KEY IMAGE MASK. What it found is written as JSON.
import fs from 'node:fs';
import OpenAI, { toFile } from 'openai';

const [address, key, image, mask] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${address}v1`, apiKey: key, maxRetries: 0 });
const file = async (path, type) => toFile(fs.createReadStream(path), path, { type });
const found = {};

found.models = (await client.models.list()).data.map(model => model.id);

const generated = await client.images.generate({ model: 'tiny', prompt: 'a photo of a ship', n: 2, size: '1024x1024', seed: 7 });
found.generated = generated.data.map(entry => entry.b64_json);
found.seeds = generated.data.map(entry => entry.seed);
found.tokens = generated.usage.output_tokens;

const edited = await client.images.edit({ model: 'tiny', prompt: 'lion', image: await file(image, 'image/png'), mask: await file(mask, 'image/png') });
found.edited = edited.data[0].b64_json;

// Several images go by another name of the field.
const several = await client.images.edit({ model: 'tiny', prompt: 'lion', image: [await file(image, 'image/png')], seed: 3 });
found.several = several.data[0].b64_json;

found.events = [];
for await (const event of await client.images.generate({ model: 'tiny', prompt: 'ship', seed: 7, stream: true, partial_images: 2 })) {
  found.events.push(event.type);
  if (event.type === 'image_generation.completed') found.streamed = event.b64_json;
}

// Leaving a stream takes the work with it.
for await (const event of await client.images.generate({ model: 'tiny', prompt: 'ship', stream: true, partial_images: 3 })) {
  found.left = event.type;
  break;
}

found.errors = {};
const wrong = { prompt: { model: 'tiny', prompt: 'nothing we know' }, model: { model: 'other', prompt: 'ship' } };
for (const [name, request] of Object.entries(wrong)) {
  try {
    await client.images.generate(request);
  } catch (error) {
    found.errors[name] = { status: error.status, type: error.type, param: error.param, code: error.code };
  }
}

try {
  await new OpenAI({ baseURL: `${address}v1`, apiKey: 'not the key', maxRetries: 0 }).images.generate({ prompt: 'ship' });
} catch (error) {
  found.errors.key = { status: error.status, name: error.constructor.name };
}

console.log(JSON.stringify(found));
