// How an account is named: by its canonical id in S3's documents, by a number in ARNs.

/** How many account numbers there are: they have twelve digits. */
const NUMBERS = 10n ** 12n;

/** The twelve digits that ARNs show for an account; `id` is its canonical id, 64 hexadecimal digits. */
export function accountNumber(id: string): string {
  return (BigInt(`0x${id}`) % NUMBERS).toString().padStart(12, "0");
}
