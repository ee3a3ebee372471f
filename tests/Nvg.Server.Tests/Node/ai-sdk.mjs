// The npm packages `ai` and `@ai-sdk/openai-compatible` against a server: node ai-sdk.mjs ADDRESS KEY. What they found is written as JSON.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateImage } from 'ai';

const [address, apiKey] = process.argv.slice(2);
const provider = createOpenAICompatible({ name: 'nvg', baseURL: `${address}v1`, apiKey });
const model = provider.imageModel('tiny');
const found = {};

// What is below the name of the provider goes into the body.
const one = await generateImage({ model, prompt: 'ship', providerOptions: { nvg: { seed: 7 } } });
found.image = one.image.base64;
found.mediaType = one.image.mediaType;

const three = await generateImage({ model, prompt: 'a lion', n: 3, size: '512x512' });
found.images = three.images.map(image => image.base64);

try {
  await generateImage({ model, prompt: 'nothing we know', maxRetries: 0 });
} catch (error) {
  found.error = { status: error.statusCode, message: error.message };
}

console.log(JSON.stringify(found));
