import { describe, expect, it } from "vitest";
import { isWithin, readIpRange } from "../../../src/auth/policy/ip-range.ts";

/** Whether one is within the other; fails where either is no range. */
function within(inner: string, outer: string): boolean {
  const [one, other] = [readIpRange(inner), readIpRange(outer)];
  if (one === undefined || other === undefined) return expect.fail(`${inner} and ${outer} are ranges`);
  return isWithin(one, other);
}

describe("a range of addresses", () => {
  it("has narrower ranges in it, and itself, but no wider one", () => {
    expect(within("10.1.0.0/16", "10.0.0.0/8")).toBe(true);
    expect(within("10.0.0.0/8", "10.0.0.0/8")).toBe(true);
    expect(within("10.0.0.0/8", "10.0.0.0/16")).toBe(false);
    expect(within("2001:db8::/32", "2001:db8::/48")).toBe(false);
  });

  it("has one meaning in every spelling", () => {
    for (const spelling of [
      "1:0:0:0:0:0:102:304",
      "1::102:304",
      "1::1.2.3.4",
      "0001:0::0102:0304",
      "1:0:0::1.2.3.4",
    ]) {
      expect([spelling, readIpRange(spelling)]).toEqual([spelling, readIpRange("1:0:0:0:0:0:0102:0304")]);
    }
    expect(readIpRange("::")).toEqual({ bits: 128, network: 0n, prefix: 128 });
    expect(readIpRange("1::")).toEqual({ bits: 128, network: 1n << 112n, prefix: 128 });
    expect(readIpRange("::ffff:10.0.0.0/104")).toEqual(readIpRange("10.0.0.0/8"));
    expect(readIpRange("::ffff:0:0/90")?.bits).toBe(128);
  });

  it.each([
    "",
    ":",
    ":::",
    "1.2.3",
    "1.2.3.256",
    "1.2.3.4.5",
    "1.2.3.4/",
    "1.2.3.4/33",
    "1.2.3.4/-1",
    " 1.2.3.4",
    "1.2.3.4::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "12345::",
    "::g",
    "::1/129",
    "fe80::1%eth0",
    "1:2:3:4:5:6:7:1.2.3.4",
  ])("is not what cannot be one: %j", (text) => {
    expect(readIpRange(text)).toBeUndefined();
  });
});
