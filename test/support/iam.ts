// A small client of IAM and STS: forms to the root, signed for the service, and the documents that come back.

import { expect } from "vitest";
import { type Answer, Client, encode } from "./client.ts";
import { type Element, xml } from "./xml.ts";

/** Credentials as STS and IAM give them. */
export interface Credentials {
  accessKeyId: string;
  secret: string;
  token?: string;
}

const VERSIONS = { iam: "2010-05-08", sts: "2011-06-15" };

export type Parameters = Record<string, string>;

export function form(parameters: Parameters): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join("&");
}

export const FORM = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };

/** Speaks for whoever the client signs as. */
export class Iam {
  readonly client: Client;
  /** Users that were made without being named. */
  #users = 0;

  constructor(client: Client) {
    this.client = client;
  }

  /** The same server, for somebody else. */
  as({ accessKeyId, secret, token }: Credentials): Iam {
    const headers = { ...this.client.settings.headers, ...(token && { "x-amz-security-token": token }) };
    return new Iam(new Client({ ...this.client.settings, accessKeyId, secret, headers }));
  }

  async ask(service: "iam" | "sts", action: string, parameters: Parameters = {}): Promise<Answer> {
    const client = new Client({ ...this.client.settings, service });
    return client.post("/", form({ Action: action, Version: VERSIONS[service], ...parameters }), FORM);
  }

  /** The result of an action that is allowed; undefined if it has none. */
  async iam(action: string, parameters: Parameters = {}): Promise<Element> {
    return result(await this.ask("iam", action, parameters), action);
  }

  async sts(action: string, parameters: Parameters = {}): Promise<Element> {
    return result(await this.ask("sts", action, parameters), action);
  }

  /** A user with a key. */
  async user(name: string, path = "/"): Promise<{ arn: string; id: string; iam: Iam; keys: Credentials }> {
    const made = await this.iam("CreateUser", { UserName: name, Path: path });
    const key = await this.iam("CreateAccessKey", { UserName: name });
    const keys = {
      accessKeyId: key.get("AccessKey/AccessKeyId") ?? "",
      secret: key.get("AccessKey/SecretAccessKey") ?? "",
    };
    return { arn: made.get("User/Arn") ?? "", id: made.get("User/UserId") ?? "", iam: this.as(keys), keys };
  }

  /** A client of a new user with these policies. */
  async userWith(...documents: string[]): Promise<Client> {
    this.#users += 1;
    const UserName = `user${this.#users}`;
    const made = await this.user(UserName);
    for (const [i, PolicyDocument] of documents.entries()) {
      await this.iam("PutUserPolicy", { UserName, PolicyName: `p${i}`, PolicyDocument });
    }
    return made.iam.client;
  }
}

function result(answer: Answer, action: string): Element {
  expect({ action, status: answer.status, text: answer.status === 200 ? "" : answer.text }).toEqual({
    action,
    status: 200,
    text: "",
  });
  const document = xml(answer.text);
  expect(document.name).toBe(`${action}Response`);
  expect(document.get("ResponseMetadata/RequestId")).toBe(answer.headers["x-amz-request-id"]);
  return document.all(`${action}Result`)[0] ?? document;
}

/** Expects IAM's error document with this status and code, and gives its message. */
export function faulted(answer: Answer, status: number, code: string): string {
  expect({ status: answer.status, text: answer.text }).toEqual({
    status,
    text: expect.stringContaining("<ErrorResponse"),
  });
  const document = xml(answer.text);
  expect(document.get("Error/Code")).toBe(code);
  expect(document.get("Error/Type")).toBe(status < 500 ? "Sender" : "Receiver");
  expect(document.get("RequestId")).toBe(answer.headers["x-amz-request-id"]);
  return document.get("Error/Message") ?? "";
}

/** The credentials in a result of STS's. */
export function credentialsOf(result: Element): Credentials {
  return {
    accessKeyId: result.get("Credentials/AccessKeyId") ?? "",
    secret: result.get("Credentials/SecretAccessKey") ?? "",
    token: result.get("Credentials/SessionToken") ?? "",
  };
}

/** A policy of one statement. */
export function policy(statement: Record<string, unknown>): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

export function allow(action: string | string[], resource = "*"): string {
  return policy({ Effect: "Allow", Action: action, Resource: resource });
}
