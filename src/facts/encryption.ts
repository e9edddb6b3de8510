// How an object's bytes are encrypted. R2 encrypts everything at rest with AES-256; this is what the client asked for.

/**
 * `S3`: asked for, and so shown again. `C`: under the client's own key, of which only a salted check value is kept, hex.
 */
export type Encryption = { kind: "S3" } | { kind: "C"; salt: string; check: string };
