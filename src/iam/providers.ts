// Providers of web identities (OpenID Connect) that an account trusts.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html and its neighbours

import { identitiesOf } from "../directory/identities.ts";
import type { Identity } from "../facts/identity.ts";
import { absent, action, anything, arnOf, type Context, existing, fresh, type Subject } from "./action.ts";
import { time } from "./document.ts";
import { limitExceeded, noSuchEntity, QueryFault } from "./fault.ts";
import { make, remove, revise } from "./make.ts";
import { arn, tags, text } from "./parameters.ts";
import { QUOTAS } from "./quotas.ts";
import { tagList } from "./tags.ts";

const clientId = text({ max: 255 });
const thumbprint = text({ min: 40, max: 40 });

/** A provider's name: its URL without the scheme. */
function nameOf(url: string): string {
  const found = /^https?:\/\/([\w.-]+(?::\d{1,5})?(?:\/[\w.~%!$&'()*+,;=:@/-]*)?)$/.exec(url)?.[1];
  // Its claims become condition keys of this name, which must not read like a service's own.
  if (found === undefined || /^(aws|iam|s3|sts)$/i.test(found)) {
    throw new QueryFault("InvalidInput", "Invalid Open ID Connect Provider URL");
  }
  return found;
}

/** By its ARN. */
export async function provider(context: Context, named: string): Promise<Subject<Identity>> {
  const { caller } = context;
  const before = arnOf(caller, "provider", { path: "", name: "" });
  if (!/^arn:aws:iam::\d{12}:oidc-provider\/./.test(named)) {
    throw new QueryFault("InvalidInput", `Invalid ARN: ${named.slice(0, 300)}`);
  }
  const url = named.slice(before.length);
  const missing = noSuchEntity("OpenIDConnect Provider", named);
  if (!named.startsWith(before)) return { ...absent(caller, "provider", url), arn: named, missing };
  const found = await existing(context, "provider", url);
  return found.missing === undefined ? found : { ...found, missing };
}

const on = (context: Context, { OpenIDConnectProviderArn }: { OpenIDConnectProviderArn: string }) =>
  provider(context, OpenIDConnectProviderArn);

const input = { OpenIDConnectProviderArn: arn.need };

function checkLists(clientIds: readonly string[], thumbprints: readonly string[]): void {
  if (clientIds.length > QUOTAS.ClientIdsPerProvider) {
    throw limitExceeded("ClientIdsPerOpenIdConnectProvider", QUOTAS.ClientIdsPerProvider);
  }
  if (thumbprints.length > QUOTAS.ThumbprintsPerProvider) {
    throw new QueryFault("InvalidInput", "Thumbprint list must contain fewer than 5 entries.");
  }
}

export const createProvider = action({
  name: "CreateOpenIDConnectProvider",
  input: {
    Url: text({ max: 255 }).need,
    ClientIDList: clientId.list(1_000),
    ThumbprintList: thumbprint.list(1_000),
    Tags: tags,
  },
  on: (context, { Url }) => fresh(context, "provider", { name: nameOf(Url) }),
  async handle(context, { Url, ClientIDList = [], ThumbprintList = [], Tags }) {
    checkLists(ClientIDList, ThumbprintList);
    const detail = { url: Url, clientIds: [...new Set(ClientIDList)], thumbprints: ThumbprintList };
    await make(context, { kind: "provider", name: nameOf(Url), tags: Tags, detail });
    return {
      OpenIDConnectProviderArn: context.arn,
      Tags: Object.keys(Tags).length > 0 ? tagList(Tags) : undefined,
    };
  },
});

export const getProvider = action({
  name: "GetOpenIDConnectProvider",
  input,
  on,
  handle({ subject }) {
    const { url = "", clientIds = [], thumbprints = [] } = subject.detail;
    return {
      Url: url,
      ClientIDList: clientIds,
      ThumbprintList: thumbprints,
      CreateDate: time(subject.created),
      Tags: Object.keys(subject.tags).length > 0 ? tagList(subject.tags) : undefined,
    };
  },
});

export const listProviders = action({
  name: "ListOpenIDConnectProviders",
  input: {},
  on: anything,
  async handle({ world, caller }) {
    const all = { prefix: "/", after: "", limit: QUOTAS.Providers };
    const found = await identitiesOf(world.database, caller.account.id, "provider", all);
    return { OpenIDConnectProviderList: found.map((one) => ({ Arn: arnOf(caller, "provider", one) })) };
  },
});

export const deleteProvider = action({
  name: "DeleteOpenIDConnectProvider",
  input,
  on,
  async handle(context) {
    await remove(context, context.subject);
    return undefined;
  },
});

export const addClientId = action({
  name: "AddClientIDToOpenIDConnectProvider",
  input: { ...input, ClientID: clientId.need },
  on,
  async handle(context, { ClientID }) {
    const { subject } = context;
    const clientIds = [...new Set([...(subject.detail.clientIds ?? []), ClientID])];
    checkLists(clientIds, []);
    await revise(context, subject, { detail: { ...subject.detail, clientIds } });
    return undefined;
  },
});

export const removeClientId = action({
  name: "RemoveClientIDFromOpenIDConnectProvider",
  input: { ...input, ClientID: clientId.need },
  on,
  async handle(context, { ClientID }) {
    const { subject } = context;
    const clientIds = (subject.detail.clientIds ?? []).filter((one) => one !== ClientID);
    await revise(context, subject, { detail: { ...subject.detail, clientIds } });
    return undefined;
  },
});

export const updateThumbprints = action({
  name: "UpdateOpenIDConnectProviderThumbprint",
  input: { ...input, ThumbprintList: thumbprint.list(1_000) },
  on,
  async handle(context, { ThumbprintList = [] }) {
    const { subject } = context;
    checkLists([], ThumbprintList);
    await revise(context, subject, { detail: { ...subject.detail, thumbprints: ThumbprintList } });
    return undefined;
  },
});
