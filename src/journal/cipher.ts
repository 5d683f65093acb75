import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  randomFillSync,
  type KeyObject,
} from 'node:crypto';
import { AUTHENTICATED_FROM, HEADER_BYTES } from './format.ts';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const TAG_BYTES = 16;
const NONCES = 256;

/** Random bytes in front of a sealed body, unique for each record. */
export const NONCE_BYTES = 12;

/** What sealing adds to a body: the nonce in front, the tag behind. */
export const SEAL_BYTES = NONCE_BYTES + TAG_BYTES;

/**
 * Reads the value of KEEPSPAN_JOURNAL_KEY.
 *
 * @returns 32 bytes; undefined when it is neither 64 hexadecimal digits nor base64 of 32 bytes
 */
export function parseJournalKey(text: string): Buffer | undefined {
  const trimmed = text.trim();
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return Buffer.from(trimmed, 'hex');
  // 43 digits hold 32 bytes; base64url is what secret managers print.
  if (!/^[\w+/-]{43}=?$/.test(trimmed)) return undefined;
  const key = Buffer.from(trimmed, 'base64');
  return key.length === KEY_BYTES ? key : undefined;
}

/**
 * AES-256-GCM for bodies at rest (law L13). The header stays readable, so that counting and recovery need no key;
 * it is authenticated with the body. Random nonces: change the key before 2^32 records (NIST SP 800-38D, 8.3).
 */
export class RecordCipher {
  readonly #key: KeyObject;
  /** Randomness is asked for in blocks: a call costs more than its bytes. */
  readonly #nonces = Buffer.alloc(NONCE_BYTES * NONCES);
  #nextNonce = NONCES;

  /** @param key 32 bytes */
  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key);
  }

  /**
   * Encrypts the body that stands in a record buffer from `HEADER_BYTES + NONCE_BYTES` on, in place. The header must
   * stand in front of it already, with the length that the sealed body will have.
   */
  sealInPlace(record: Buffer, plainBytes: number): void {
    const start = HEADER_BYTES + NONCE_BYTES;
    const end = start + plainBytes;
    const nonce = this.#nonce();
    nonce.copy(record, HEADER_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce);
    cipher.setAAD(record.subarray(AUTHENTICATED_FROM, HEADER_BYTES));
    cipher.update(record.subarray(start, end)).copy(record, start);
    cipher.final();
    cipher.getAuthTag().copy(record, end);
  }

  /** Seals a text that stands outside of records. */
  sealText(text: string): Buffer {
    const nonce = this.#nonce();
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce);
    return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  }

  /** A text that `sealText` sealed; undefined when that was with another key. */
  openText(sealed: Buffer): string | undefined {
    return this.#decipher(sealed, undefined)?.toString('utf8');
  }

  /** The plain body of a record; undefined when it was sealed with another key. */
  open(headerBytes: Buffer, body: Buffer): Buffer | undefined {
    return this.#decipher(body, headerBytes.subarray(AUTHENTICATED_FROM));
  }

  #decipher(sealed: Buffer, authenticated: Buffer | undefined): Buffer | undefined {
    if (sealed.length < SEAL_BYTES) return undefined;
    const decipher = createDecipheriv(ALGORITHM, this.#key, sealed.subarray(0, NONCE_BYTES));
    if (authenticated !== undefined) decipher.setAAD(authenticated);
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    const plain = decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES));
    try {
      decipher.final();
    } catch {
      return undefined; // Authentication failed: another key, for the checksum has held.
    }
    return plain;
  }

  #nonce(): Buffer {
    if (this.#nextNonce === NONCES) {
      randomFillSync(this.#nonces);
      this.#nextNonce = 0;
    }
    const at = NONCE_BYTES * this.#nextNonce++;
    return this.#nonces.subarray(at, at + NONCE_BYTES);
  }
}
