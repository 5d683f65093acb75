import type { UnencodableError } from '../../contracts/delivery.ts';

/** A record that can never become a request: damaged, or not what its flags say. Delivery quarantines it. */
export class UnencodableRecordError extends Error implements UnencodableError {
  override readonly name = 'UnencodableRecordError';
  readonly unencodable = true;
}
