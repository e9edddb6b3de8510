// What is wrong with a policy's text, in the words of AWS where they are known.

/** A policy that cannot be taken. Its message is the reason, fit to be shown. */
export class PolicyFault extends Error {
  override readonly name = "PolicyFault";
  /** It is only too long: services have an error of their own for that. */
  readonly isTooLong: boolean;

  constructor(reason: string, isTooLong = false) {
    super(reason);
    this.isTooLong = isTooLong;
  }
}
