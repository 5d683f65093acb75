import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

const LEAST = 30;
const MOST = 80;
const STEP = 2;
const START = 58;

/** How the room is shared between the waterfall and the details, in per cent of the width. */
export interface Split {
  readonly percent: number;
  readonly style: Record<string, string>;
  set(percent: number): void;
}

export function useSplit(): Split {
  const [percent, setPercent] = useState(START);
  return {
    percent,
    style: { '--split': `${percent}%` },
    set: (wanted) => setPercent(Math.min(MOST, Math.max(LEAST, wanted))),
  };
}

/** Moves by pointer and by arrow keys. */
export function Splitter({ split }: { readonly split: Split }): JSX.Element {
  const drag = (event: PointerEvent): void => {
    const handle = event.currentTarget as HTMLElement;
    const box = handle.parentElement?.getBoundingClientRect();
    if (box === undefined) return;
    handle.setPointerCapture(event.pointerId);
    const move = (moved: PointerEvent): void => split.set(((moved.clientX - box.left) / box.width) * 100);
    handle.addEventListener('pointermove', move);
    handle.addEventListener('lostpointercapture', () => handle.removeEventListener('pointermove', move), {
      once: true,
    });
  };
  return (
    <div
      class="splitter"
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the waterfall"
      aria-valuemin={LEAST}
      aria-valuemax={MOST}
      aria-valuenow={Math.round(split.percent)}
      tabIndex={0}
      onPointerDown={drag}
      onKeyDown={(event) => {
        if (event.key === 'ArrowLeft') split.set(split.percent - STEP);
        else if (event.key === 'ArrowRight') split.set(split.percent + STEP);
        else return;
        event.preventDefault();
      }}
    />
  );
}
