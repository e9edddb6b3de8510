// Conditions on numbers, dates and addresses, as the page on condition operators has them.

import { type Case, conditionCase, IAM } from "./case.ts";

const OPERATORS = `${IAM}reference_policies_elements_condition_operators.html`;
const NUMBERS = `${OPERATORS}#Conditions_Numeric`;
const DATES = `${OPERATORS}#Conditions_Date`;
const ADDRESSES = `${OPERATORS}#Conditions_IPAddress`;

const KEYS = "s3:max-keys";
const TIME = "aws:TokenIssueTime";
const SOURCE_IP = "aws:SourceIp";

const NUMBER_CASES: readonly Case[] = [
  conditionCase(NUMBERS, { NumericLessThanEquals: { [KEYS]: "10" } }, KEYS, [
    ["less", "9", true],
    ["equal", "10", true],
    ["more", "11", false],
    ["compared as numbers, not as texts", "100", false],
    ["absent", undefined, false],
    ["not a number", "ten", false],
    ["negative", "-1", true],
  ]),
  conditionCase(NUMBERS, { NumericLessThan: { [KEYS]: 10 } }, KEYS, [
    ["a number of JSON is a text, too", "9", true],
    ["equal is not less", "10", false],
    ["fractions count", "9.99", true],
  ]),
  conditionCase(NUMBERS, { NumericGreaterThan: { [KEYS]: "10" } }, KEYS, [
    ["more", "11", true],
    ["equal is not more", "10", false],
    ["fractions count", "10.5", true],
    ["absent", undefined, false],
  ]),
  conditionCase(NUMBERS, { NumericGreaterThanEquals: { [KEYS]: "10" } }, KEYS, [
    ["equal", "10", true],
    ["less", "9", false],
  ]),
  conditionCase(NUMBERS, { NumericEquals: { [KEYS]: ["1", "10.0"] } }, KEYS, [
    ["equal as numbers", "10", true],
    ["another spelling", "1.00", true],
    ["neither", "2", false],
  ]),
  conditionCase(NUMBERS, { NumericNotEquals: { [KEYS]: ["1", "10"] } }, KEYS, [
    ["one of them", "10", false],
    ["neither", "2", true],
    ["absent", undefined, true],
  ]),
];

const DATE_CASES: readonly Case[] = [
  conditionCase(DATES, { DateGreaterThan: { [TIME]: "2020-01-01T00:00:01Z" } }, TIME, [
    ["later", "2020-01-01T00:00:02Z", true],
    ["the same moment", "2020-01-01T00:00:01Z", false],
    ["earlier", "2019-12-31T23:59:59Z", false],
    ["later, as seconds since 1970", "1577836802", true],
    ["earlier, as seconds since 1970", "1577836800", false],
    ["later, in another zone", "2020-01-01T00:30:00-01:00", true],
    ["without a zone it is UTC, later", "2020-01-01T00:00:02", true],
    ["without a zone it is UTC, earlier", "2020-01-01T00:00:00", false],
    ["earlier, in another zone", "2020-01-01T00:30:00+01:00", false],
    ["absent", undefined, false],
    ["not a date", "yesterday", false],
  ]),
  conditionCase(DATES, { DateLessThan: { [TIME]: "2020-06-30" } }, TIME, [
    ["a day begins at midnight UTC", "2020-06-29T23:59:59Z", true],
    ["on that day is not before it", "2020-06-30T00:00:00Z", false],
  ]),
  conditionCase(DATES, { DateLessThanEquals: { "aws:EpochTime": "1609459199" } }, "aws:EpochTime", [
    ["epoch time: the same", "1609459199", true],
    ["epoch time: later", "1609459200", false],
    ["the same moment as ISO 8601", "2020-12-31T23:59:59Z", true],
  ]),
  conditionCase(DATES, { DateGreaterThanEquals: { [TIME]: "2020-06-30T12:00Z" } }, TIME, [
    ["minutes are enough", "2020-06-30T12:00:00Z", true],
    ["a part of a second before", "2020-06-30T11:59:59.999Z", false],
  ]),
  conditionCase(DATES, { DateEquals: { [TIME]: ["2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"] } }, TIME, [
    ["one of them", "2021-01-01T00:00:00Z", true],
    ["none of them", "2022-01-01T00:00:00Z", false],
  ]),
  conditionCase(DATES, { DateNotEquals: { [TIME]: "2020-01-01T00:00:00Z" } }, TIME, [
    ["equal, in another spelling", "1577836800", false],
    ["another moment", "2020-01-01T00:00:01Z", true],
    ["absent", undefined, true],
  ]),
];

const ADDRESS_CASES: readonly Case[] = [
  conditionCase(ADDRESSES, { IpAddress: { [SOURCE_IP]: "203.0.113.0/24" } }, SOURCE_IP, [
    ["the first address of the range", "203.0.113.0", true],
    ["the last address of the range", "203.0.113.255", true],
    ["the address after it", "203.0.114.0", false],
    ["the address before it", "203.0.112.255", false],
    ["IPv4 in IPv6's dress is the same address", "::ffff:203.0.113.7", true],
    ["absent", undefined, false],
    ["not an address", "localhost", false],
  ]),
  conditionCase(ADDRESSES, { IpAddress: { [SOURCE_IP]: "203.0.113.9" } }, SOURCE_IP, [
    ["without a prefix: this address", "203.0.113.9", true],
    ["without a prefix: no other", "203.0.113.8", false],
  ]),
  conditionCase(
    ADDRESSES,
    { IpAddress: { [SOURCE_IP]: ["203.0.113.0/24", "2001:DB8:1234:5678::/64"] } },
    SOURCE_IP,
    [
      ["IPv4 beside IPv6", "203.0.113.1", true],
      ["IPv6, abbreviated", "2001:db8:1234:5678::1", true],
      ["IPv6, written out", "2001:0db8:1234:5678:0000:0000:0000:0001", true],
      ["the network beside it", "2001:db8:1234:5679::1", false],
    ],
  ),
  conditionCase(ADDRESSES, { IpAddress: { [SOURCE_IP]: "0.0.0.0/0" } }, SOURCE_IP, [
    ["every IPv4 address", "255.255.255.255", true],
    ["no IPv6 address", "2001:db8::1", false],
  ]),
  conditionCase(ADDRESSES, { IpAddress: { [SOURCE_IP]: "::/0" } }, SOURCE_IP, [
    ["every IPv6 address", "2001:db8::1", true],
    ["no IPv4 address", "203.0.113.1", false],
  ]),
  conditionCase(ADDRESSES, { IpAddress: { [SOURCE_IP]: "10.1.2.3/9" } }, SOURCE_IP, [
    ["bits behind the prefix are of no matter", "10.127.255.255", true],
    ["bits of the prefix are", "10.128.0.0", false],
  ]),
  conditionCase(ADDRESSES, { NotIpAddress: { [SOURCE_IP]: ["192.0.2.0/24", "203.0.113.0/24"] } }, SOURCE_IP, [
    ["outside of both ranges", "198.51.100.1", true],
    ["inside of the first", "192.0.2.5", false],
    ["inside of the second", "203.0.113.5", false],
    ["IPv4 in IPv6's dress is inside, too", "::ffff:c000:205", false],
    ["absent: a negated operator matches", undefined, true],
  ]),
];

export const MEASURE_CASES: readonly Case[] = [...NUMBER_CASES, ...DATE_CASES, ...ADDRESS_CASES];
