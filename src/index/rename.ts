// RenameObject in the index: a version gets another key; its bytes, time and etag stay as they are.

import { judgeRead } from "../facts/condition.ts";
import { releaseBody } from "./litter.ts";
import type { Mutator, RenameAnswer, RenameRequest } from "./protocol.ts";
import { spare } from "./search.ts";
import { dropBytes, renumberBytes } from "./small.ts";
import { type Index, query } from "./tables.ts";
import { once } from "./tail.ts";
import { touch } from "./touched.ts";
import { currentRow } from "./version.ts";

/** Moves the current version of `from` to `to`, where it replaces what is there, if both sides' conditions hold. */
export function commitRename(index: Index, { operationId }: Mutator, request: RenameRequest): RenameAnswer {
  const { from, to, token } = request;
  const name = token === undefined ? operationId : `rename:${token}`;
  const answer = once(index, name, (change): RenameAnswer => {
    const source = currentRow(index, from);
    if (source === undefined) return { missing: "key" };
    if (request.judged !== undefined && request.judged !== source.sequence) return { refused: "changed" };
    const target = currentRow(index, to);
    if (judgeRead(request.sourceConditions, source) !== "ok") return { refused: "failed" };
    if (!mayReplace(request, target)) return { refused: "failed" };
    if (from === to) return { renamed: { from, to } };
    if (target !== undefined) {
      query(index, "delete from current where key = ?", to);
      releaseBody(index, target.body, target.pages !== null, change.at);
      dropBytes(index, target);
      change.objects -= 1;
      change.bytes -= target.size;
    }
    change.sequence += 1;
    change.wrote = true;
    query(index, "update current set key = ?, sequence = ? where key = ?", to, change.sequence, from);
    renumberBytes(index, source, change.sequence);
    spare(index, source.body);
    touch(change.touched, from, source.sequence);
    touch(change.touched, to, change.sequence, ...(target === undefined ? [] : [target.sequence]));
    return { renamed: { from, to } };
  });
  const same = !("renamed" in answer) || (answer.renamed.from === from && answer.renamed.to === to);
  return same ? answer : { refused: "mismatch" };
}

/** Conditions on a key that is not there: nothing can match it, and everything differs from it. */
function mayReplace({ conditions }: RenameRequest, target: ReturnType<typeof currentRow>): boolean {
  if (target === undefined)
    return conditions.ifMatch === undefined && conditions.ifModifiedSince === undefined;
  return judgeRead(conditions, target) === "ok";
}
