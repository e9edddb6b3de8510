// What conditions may ask about an action on identities: the policy it is about, tags it brings, tags of what it acts on.
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html

import { type Lookup, lookup } from "../auth/principal-context.ts";

/** Tags as keys with this prefix, e.g. `aws:RequestTag/`. */
export function tagKeys(prefix: string, tags: unknown): Record<string, string> {
  const entries = typeof tags === "object" && tags !== null ? Object.entries(tags) : [];
  return Object.fromEntries(entries.map(([name, value]) => [`${prefix}${name}`, String(value)]));
}

/** `values` are the action's fields, `subject` what it acts on, if that is there. */
export function actionContext(values: Readonly<Record<string, unknown>>, subject: unknown): Lookup {
  const { PolicyArn, Tags, TagKeys } = values;
  const names = [...Object.keys(tagKeys("", Tags)), ...(Array.isArray(TagKeys) ? TagKeys.map(String) : [])];
  const held =
    typeof subject === "object" && subject !== null && "tags" in subject ? subject.tags : undefined;
  return lookup({
    "iam:PolicyARN": typeof PolicyArn === "string" ? PolicyArn : undefined,
    "aws:TagKeys": names.length > 0 ? names : undefined,
    ...tagKeys("aws:RequestTag/", Tags),
    ...tagKeys("aws:ResourceTag/", held),
    ...tagKeys("iam:ResourceTag/", held),
  });
}
