// What the person at the keyboard is told: a failure whose message is one plain line, and how system errors become one.

/** A failure the user can act on: printed as one line, never with a stack trace. */
export class Failure extends Error {
  override name = "Failure";
}

const REASONS: Record<string, string> = {
  EACCES: "permission denied",
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection broke",
  EADDRINUSE: "it is already in use",
  EADDRNOTAVAIL: "this machine has no such address",
  EEXIST: "a file of that name is in the way",
  EINVAL: "the system does not accept it",
  EISDIR: "it is a folder",
  ENOENT: "there is no such file",
  ENOSPC: "the disk is full",
  ENOTDIR: "part of the path is not a folder",
  ENOTFOUND: "the name cannot be resolved",
  EPERM: "the system does not permit it",
  EROFS: "the file system is read-only",
};

/** The system's code of an error (`EACCES`), if it carries one. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Why something failed, in words that fit after a colon; always one line. */
export function reason(error: unknown): string {
  const known = REASONS[errorCode(error) ?? ""];
  if (known !== undefined) return known;
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split("\n")[0] ?? "";
}
