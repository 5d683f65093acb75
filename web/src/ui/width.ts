import type { RefObject } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';

/** The width of an element in pixels, as it changes: charts are drawn at their own size, so that their texts keep theirs. */
export function useWidth(element: RefObject<Element | null>, before: number): number {
  const [widthPx, setWidthPx] = useState(before);
  useLayoutEffect(() => {
    const box = element.current;
    if (box === null) return;
    const measure = (): void => setWidthPx(Math.max(240, Math.round(box.clientWidth)));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  return widthPx;
}
