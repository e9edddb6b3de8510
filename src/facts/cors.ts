// Which scripts of which pages may see a bucket's answers: the rules, and which of them a request meets.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html

/** One rule. An origin and a header's name may have one `*`, which stands for any text; methods are exact. */
export interface CorsRule {
  id?: string;
  origins: string[];
  methods: string[];
  /** Headers that a preflight may ask for, case of no matter. */
  headers: string[];
  /** Headers of the answer that scripts may read. */
  exposed: string[];
  /** How long a browser may remember a preflight's answer, in seconds. */
  maxAge?: number;
}

/** What a browser says of a script's request. `headers`: those that a preflight asks for, in lower case. */
export interface CrossOrigin {
  origin: string;
  method: string;
  headers: readonly string[];
}

/** The rule that allows a request, and the origin in it that did. */
export interface CorsMatch {
  rule: CorsRule;
  origin: string;
}

/** Most headers that a preflight may ask for; one that asks for more meets no rule. */
export const MAX_ASKED_HEADERS = 500;

/** Names in `Access-Control-Request-Headers`: lower case, each once. */
export function askedHeaders(list: string): string[] {
  const names = list.split(",").map((name) => name.trim().toLowerCase());
  return [...new Set(names.filter((name) => name !== ""))];
}

/** The first rule that allows the origin, the method and every header asked for. */
export function matchCors(
  rules: readonly CorsRule[],
  { origin, method, headers }: CrossOrigin,
): CorsMatch | undefined {
  if (headers.length > MAX_ASKED_HEADERS) return undefined;
  for (const rule of rules) {
    if (!rule.methods.includes(method)) continue;
    const allowed = rule.origins.find((pattern) => fits(pattern, origin));
    if (allowed === undefined) continue;
    const patterns = rule.headers.map((pattern) => pattern.toLowerCase());
    if (headers.every((name) => patterns.some((pattern) => fits(pattern, name)))) {
      return { rule, origin: allowed };
    }
  }
  return undefined;
}

/** Whether a text is what a pattern with at most one `*` describes. */
function fits(pattern: string, text: string): boolean {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === text;
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after);
}

/** What answers depend on where a bucket has rules, whether or not one was met: else a cache would mix them up. */
export const CORS_VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

/** The headers of an answer to a request that a rule allows, by lower-case name. */
export function corsHeaders(
  { rule, origin: allowed }: CorsMatch,
  { origin, headers }: CrossOrigin,
): Record<string, string | undefined> {
  const anyone = allowed === "*";
  return {
    "access-control-allow-origin": anyone ? "*" : origin,
    "access-control-allow-methods": rule.methods.join(", "),
    "access-control-allow-headers": headers.length > 0 ? headers.join(", ") : undefined,
    "access-control-expose-headers": rule.exposed.length > 0 ? rule.exposed.join(", ") : undefined,
    "access-control-max-age": rule.maxAge === undefined ? undefined : String(rule.maxAge),
    "access-control-allow-credentials": anyone ? undefined : "true",
    vary: CORS_VARY,
  };
}
