// AssumeRoleWithWebIdentity: a role for whoever a provider vouches for that the role's account trusts. Nobody signs.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html

import { ANONYMOUS } from "../auth/caller.ts";
import { firstOf, lookup, principalContext, requestContext } from "../auth/principal-context.ts";
import { identitiesOf } from "../directory/identities.ts";
import { type Identity, identityArn } from "../facts/identity.ts";
import { action, type Context } from "./action.ts";
import { type Assumed, assumedRoleUser, durationOf, roleWith, tagContext, trusts } from "./assume-role.ts";
import { QueryFault } from "./fault.ts";
import { arn, text } from "./parameters.ts";
import { QUOTAS } from "./quotas.ts";
import { begin, cutFields, seconds, sessionName, sessionPolicies } from "./sessions.ts";
import { type Claims, checkTimes, invalidToken, readToken, textsOf, verify } from "./web-token.ts";

const ACTION = "sts:AssumeRoleWithWebIdentity";

/** Claims that stay with the session. */
const KEPT_CLAIMS = ["aud", "sub", "amr", "email"];

/** The claim in which a provider says tags of the session. */
const TAGS_CLAIM = "https://aws.amazon.com/tags";

/** The provider of the role's account whose tokens these are. */
async function providerOf({ world }: Context, { account }: Assumed, issuer: string): Promise<Identity> {
  const all = { prefix: "/", after: "", limit: QUOTAS.Providers };
  const providers = await identitiesOf(world.database, account.id, "provider", all);
  const bare = (url: string) => url.replace(/\/$/, "");
  const found = providers.find(({ detail }) => bare(detail.url ?? "") === bare(issuer));
  if (found === undefined) throw noProvider(issuer);
  return found;
}

function noProvider(issuer: string): QueryFault {
  return invalidToken(`No OpenIDConnect provider found in your account for ${issuer.slice(0, 255)}`);
}

/** Whom the token is for: `azp` where there is one, as AWS has it. */
function audienceOf({ detail }: Identity, claims: Claims): string {
  const sent =
    claims.azp === undefined ? textsOf(claims.aud) : [...textsOf(claims.azp), ...textsOf(claims.aud)];
  const found = sent.find((one) => detail.clientIds?.includes(one));
  if (found === undefined) throw invalidToken("Incorrect token audience");
  return found;
}

function tagsOf(claims: Claims): { tags: Record<string, string>; transitive: string[] } {
  const said = claims[TAGS_CLAIM];
  const { principal_tags: given, transitive_tag_keys: transitive } = (
    typeof said === "object" && said !== null ? said : {}
  ) as Record<string, unknown>;
  const entries = Object.entries(typeof given === "object" && given !== null ? given : {});
  const tags = entries.flatMap(([name, value]) =>
    textsOf(value)
      .slice(0, 1)
      .map((one) => [name, one] as const),
  );
  if (tags.length > 50 || tags.some(([name, value]) => name.length > 128 || value.length > 256)) {
    throw invalidToken("The token's session tags are too many or too long.");
  }
  return { tags: Object.fromEntries(tags), transitive: textsOf(transitive) };
}

/** Claims as condition keys: `issuer.example.com/path:sub`. */
function claimKeys(provider: Identity, claims: Claims, names: readonly string[]): Record<string, string[]> {
  const texts = names.map((name) => [`${provider.name}:${name}`, textsOf(claims[name])] as const);
  return Object.fromEntries(texts.filter(([, values]) => values.length > 0));
}

export const assumeRoleWithWebIdentity = action({
  name: "AssumeRoleWithWebIdentity",
  service: "sts",
  open: "to all",
  input: {
    RoleArn: arn.need,
    RoleSessionName: sessionName.need,
    WebIdentityToken: text({ min: 4, max: 20_000 }).need,
    ProviderId: text({ min: 4, max: 2_048 }).may,
    DurationSeconds: seconds(43_200),
    ...cutFields,
  },
  on: async ({ world }, { RoleArn }) => ({ arn: RoleArn, subject: await roleWith(world, RoleArn) }),
  async handle(context, asked) {
    const { world, address, subject: assumed } = context;
    const token = readToken(asked.WebIdentityToken);
    const { claims } = token;
    const [issuer = "", subject = ""] = [textsOf(claims.iss)[0], textsOf(claims.sub)[0]];
    // Nobody learns which roles there are: the same is said of one whose account does not know this issuer.
    if (assumed === undefined) throw noProvider(issuer);
    const provider = await providerOf(context, assumed, issuer);
    const audience = audienceOf(provider, claims);
    checkTimes(claims, world.now());
    await verify(world, token, provider.detail.url ?? "");
    const providerArn = identityArn(assumed.account.number, "provider", provider);
    const { tags, transitive } = tagsOf(claims);
    const value = firstOf(
      principalContext(ANONYMOUS, world.now()),
      requestContext(world.config, address),
      tagContext(tags, transitive),
      lookup(claimKeys(provider, claims, Object.keys(claims))),
      lookup({ "aws:FederatedProvider": providerArn, "sts:RoleSessionName": asked.RoleSessionName }),
    );
    const { id: canonicalId, number: accountNumber } = assumed.account;
    const principal = { kind: "web" as const, arn: "", accountNumber, canonicalId, provider: providerArn };
    const actions = [ACTION, ...(Object.keys(tags).length > 0 ? ["sts:TagSession"] : [])];
    if (trusts(assumed, principal, actions, value) === undefined) throw refusal();
    const duration = durationOf(assumed, asked.DurationSeconds, false);
    const cut = await sessionPolicies({ world, caller: { ...ANONYMOUS, account: assumed.account } }, asked);
    const what = {
      kind: "role" as const,
      account: assumed.account.id,
      identity: assumed.role.id,
      name: asked.RoleSessionName,
      tags,
      transitive,
      claims: { ...claimKeys(provider, claims, KEPT_CLAIMS), "aws:FederatedProvider": [providerArn] },
      ...cut,
    };
    const { credentials, packedSize } = await begin(world, what, duration);
    return {
      Credentials: credentials,
      SubjectFromWebIdentityToken: subject,
      AssumedRoleUser: assumedRoleUser(assumed, asked.RoleSessionName),
      Provider: providerArn,
      Audience: audience,
      PackedPolicySize: cut.policies.length + cut.policyArns.length > 0 ? packedSize : undefined,
    };
  },
});

function refusal(): QueryFault {
  return new QueryFault("AccessDenied", `Not authorized to perform ${ACTION}`);
}
