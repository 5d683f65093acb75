import { createOtlpEncoder } from '../../wire/otlp/encode.ts';
import type { DeliveryLoops, LoopOptions } from '../delivery-host.ts';
import { startLoops } from '../loops.ts';
import type { FromWorker } from '../worker-messages.ts';
import type { OtlpWorkerInput } from './worker-input.ts';

/** The loops that deliver to one OTLP receiver. */
export function startOtlpDelivery(
  input: OtlpWorkerInput,
  tell: (message: FromWorker) => void,
  options: LoopOptions,
): DeliveryLoops {
  return startLoops(input, tell, options, ({ send }) => ({
    encoder: createOtlpEncoder(input.target),
    send,
    // Other threads of the application have loops of their own, on whose board they count.
    siblings: false,
  }));
}
