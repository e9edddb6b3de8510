// What every refusal has to look like, whatever it refuses.

import { expect } from "vitest";
import type { Answer } from "./client.ts";
import { type Element, xml } from "./xml.ts";

/** Expects S3's error document with this status and code, and gives it. */
export function refused(answer: Answer, status: number, code: string): Element {
  const { headers } = answer;
  expect({ status: answer.status, text: answer.text }).toEqual({
    status,
    text: expect.stringContaining("<Error>"),
  });
  const error = xml(answer.text);
  expect([error.name, error.get("Code")]).toEqual(["Error", code]);
  expect(error.get("Message")).toMatch(/\w/);
  expect(error.get("RequestId")).toBe(headers["x-amz-request-id"]);
  expect(error.get("HostId")).toBe(headers["x-amz-id-2"]);
  expect(headers["content-type"]).toBe("application/xml");
  return error;
}

/** Expects this status, and shows the document if it is another one. */
export function answered(answer: Answer, status: number): Answer {
  expect({ status: answer.status, text: answer.status === status ? "" : answer.text }).toEqual({
    status,
    text: "",
  });
  return answer;
}

/** Repeats once what is to be repeated: a 503 that says when. */
export async function patiently(act: () => Promise<Answer>): Promise<Answer> {
  const first = await act();
  if (first.status !== 503) return first;
  refused(first, 503, "SlowDown");
  expect(first.headers["retry-after"]).toMatch(/^\d+$/);
  return act();
}
