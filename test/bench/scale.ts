export async function runScale(_keys: number): Promise<unknown> {
  return undefined;
}
