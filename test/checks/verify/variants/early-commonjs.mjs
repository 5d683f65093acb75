// A library that is required before the tracer; unlike an ES module it stays in a cache that can be looked at.
import { createRequire } from 'node:module';

createRequire(import.meta.url)('openai');
