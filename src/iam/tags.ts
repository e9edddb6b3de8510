// Tags of users, roles, policies and providers.

import type { Identity } from "../facts/identity.ts";
import { type Action, action, type Context, page, pageOf, type Subject } from "./action.ts";
import type { Xml } from "./document.ts";
import { limitExceeded } from "./fault.ts";
import { revise } from "./make.ts";
import { type Field, MAX_TAGS, paging, tagKeys, tags } from "./parameters.ts";

export function tagList(given: Readonly<Record<string, string>>): Xml {
  return Object.entries(given).map(([Key, Value]) => ({ Key, Value }));
}

/** `TagUser`, `UntagUser`, `ListUserTags` and their like; `parameter` names the tagged one, which `find` finds. */
export function tagActions(
  what: string,
  parameter: string,
  field: Field<string>,
  find: (context: Context, named: string) => Promise<Subject<Identity>>,
): Action[] {
  const input = { [parameter]: field } as Record<string, Field<string>>;
  const on = (context: Context, values: Record<string, unknown>) => find(context, String(values[parameter]));
  return [
    action({
      name: `Tag${what}`,
      input: { ...input, Tags: tags } as Record<string, Field<unknown>>,
      on,
      async handle(context, { Tags }) {
        const { subject } = context;
        const given = Tags as Record<string, string>;
        const news = new Set(Object.keys(given).map((key) => key.toLowerCase()));
        const kept = Object.entries(subject.tags).filter(([key]) => !news.has(key.toLowerCase()));
        const all = { ...Object.fromEntries(kept), ...given };
        if (Object.keys(all).length > MAX_TAGS) throw limitExceeded(`TagsPer${what}`, MAX_TAGS);
        await revise(context, subject, { tags: all });
        return undefined;
      },
    }),
    action({
      name: `Untag${what}`,
      input: { ...input, TagKeys: tagKeys } as Record<string, Field<unknown>>,
      on,
      async handle(context, { TagKeys }) {
        const { subject } = context;
        const gone = new Set((TagKeys as string[]).map((key) => key.toLowerCase()));
        const kept = Object.entries(subject.tags).filter(([key]) => !gone.has(key.toLowerCase()));
        await revise(context, subject, { tags: Object.fromEntries(kept) });
        return undefined;
      },
    }),
    action({
      name: `List${what}Tags`,
      input: { ...input, ...paging } as Record<string, Field<unknown>>,
      on,
      handle({ subject }, asked) {
        const { after, size } = pageOf(asked as { Marker?: string; MaxItems?: number });
        const rest = Object.entries(subject.tags).filter(([key]) => after === "" || key > after);
        const sorted = rest.sort(([a], [b]) => (a < b ? -1 : 1));
        const cut = page(sorted, size, ([key]) => key);
        return { Tags: cut.items.map(([Key, Value]) => ({ Key, Value })), ...cut.rest };
      },
    }),
  ];
}
