import { LOG_LEVELS } from '../../settings/format.ts';
import type { Logging } from '../logging.ts';

/** What `createWorker` of tesseract.js takes: progress is debug, failures are errors. */
export function tesseractOptions(logging: Logging): {
  readonly logger: (message: unknown) => void;
  readonly errorHandler: (error: unknown) => void;
} {
  return {
    logger: (message) => logging.logger('ocr').debug({ progress: message }, 'tesseract'),
    errorHandler: (error) => logging.logger('ocr').error({ err: error }, 'tesseract failed'),
  };
}

/** What a session of onnxruntime takes; its native code writes to stderr by itself from this severity on. */
export function onnxSessionOptions(logging: Logging): { readonly logSeverityLevel: 0 | 1 | 2 | 3 | 4 } {
  const level = LOG_LEVELS.find((candidate) => logging.isLevelEnabled('ocr', candidate)) ?? 'fatal';
  // Verbose, info, warning, error, fatal.
  const severities = { trace: 0, debug: 0, info: 1, warn: 2, error: 3, fatal: 4, silent: 4 } as const;
  return { logSeverityLevel: severities[level] };
}
