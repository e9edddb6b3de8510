import { expect, it } from "vitest";
import { AnswerParser, type Heard } from "./connection.ts";

/** What is heard of an answer that arrives in two pieces, cut at `at`. */
function hear(answer: string, at: number, isHead = false): Heard | undefined {
  const bytes = Buffer.from(answer);
  const parser = new AnswerParser(isHead, true);
  const [first, second] = [bytes.subarray(0, at), bytes.subarray(at)];
  return parser.push(first) ?? parser.push(second);
}

const ANSWERS = {
  "of known length": "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
  "in chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n",
  "behind a hundred": "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nhello world",
};

for (const [kind, answer] of Object.entries(ANSWERS)) {
  it(`an answer ${kind} is heard whole wherever it is cut`, () => {
    for (let at = 1; at < answer.length; at++) {
      expect(hear(answer, at)).toMatchObject({ status: 200, bytes: 11, text: "hello world" });
    }
  });
}

it("an answer without a body ends with its headers, whatever they announce", () => {
  const answer = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n";
  expect(hear(answer, 5, true)).toMatchObject({ status: 200, bytes: 0 });
  expect(hear("HTTP/1.1 204 No Content\r\n\r\n", 5)).toMatchObject({ status: 204, bytes: 0 });
});

it("an answer that is not whole yet is not heard", () => {
  for (const answer of Object.values(ANSWERS)) {
    const parser = new AnswerParser(false, false);
    expect(parser.push(Buffer.from(answer.slice(0, -1)))).toBeUndefined();
  }
});
