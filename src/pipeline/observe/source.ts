import { watchTracer } from '../../bridges/dd-trace/finished.ts';
import { ObservePage } from './page.ts';

/**
 * Inside the observed process: counts on a page what the tracer finishes. Where there can be no page it does nothing,
 * for the service must run as it does without us.
 *
 * @returns uninstall
 */
export function observeTracer(directory: string): () => void {
  let page: ObservePage;
  try {
    page = new ObservePage(directory);
  } catch {
    return () => undefined; // The observer shows a service without a page as one without a tracer.
  }
  let armed = false;
  const settle = (): void => {
    armed = false;
    watch.settle();
    page.write();
  };
  const watch = watchTracer((event) => {
    page.add(event);
    page.write();
    if (armed) return;
    armed = true;
    setImmediate(settle).unref();
  });
  const onExit = (): void => {
    watch.settle();
    page.end();
  };
  process.on('exit', onExit);
  return () => {
    process.off('exit', onExit);
    watch.uninstall();
  };
}
