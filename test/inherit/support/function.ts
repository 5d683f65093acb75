import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createSite, ROOT, type Child, type Site } from '../../e2e/support/site.ts';
import {
  startSandbox,
  type Invocation,
  type InvokeOptions,
  type Sandbox,
} from '../../support/lambda-runtime.ts';

const FIXTURES = join(ROOT, 'test', 'inherit', 'fixtures', 'lambda');
/** Source, not dist: what is tested here is what stands here. */
export const REGISTER = join(ROOT, 'src', 'register.ts');

/** A function of AWS Lambda, in a sandbox of its own. */
export interface LambdaFunction {
  readonly site: Site;
  readonly sandbox: Sandbox;
  /** Starts the runtime, again where it was killed: the folder of its journal is there still. */
  start(): Child;
  invoke(event: unknown, options?: InvokeOptions): Promise<Invocation>;
}

/** @param handler its name in handlers.mjs */
export async function createFunction(
  t: TestContext,
  handler: string,
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<LambdaFunction> {
  const site = await createSite(t);
  const sandbox = await startSandbox();
  t.after(() => sandbox.close());
  return {
    site,
    sandbox,
    start() {
      const nodeArgs = ['--import', join(FIXTURES, 'count-workers.mjs'), '--import', REGISTER];
      const child = site.launch([...nodeArgs, join(FIXTURES, 'bootstrap.mjs')], {
        env: {
          AWS_LAMBDA_FUNCTION_NAME: 'extract',
          AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
          AWS_LAMBDA_RUNTIME_API: sandbox.api,
          LAMBDA_TASK_ROOT: FIXTURES,
          _HANDLER: `handlers.${handler}`,
          // The runtime of the real one makes no connections of Node's; ours does.
          DD_TRACE_NET_ENABLED: 'false',
          ...env,
        },
      });
      sandbox.attach(child);
      return child;
    },
    invoke: (event, options) => sandbox.invoke(event, options),
  };
}
