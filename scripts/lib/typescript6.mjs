// dependency-cruiser reads TypeScript with the compiler's JavaScript API, which TypeScript 7 does not have. Here
// `typescript` means the alias `typescript6` for whatever is loaded in this process. To be used with --import.
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, nextResolve) {
    const own = specifier === 'typescript' || specifier.startsWith('typescript/');
    return nextResolve(own ? specifier.replace('typescript', 'typescript6') : specifier, context);
  },
});
