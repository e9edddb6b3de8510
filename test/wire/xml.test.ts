import { describe, expect, it } from "vitest";
import { S3Error } from "../../src/wire/error.ts";
import {
  escapeXml,
  etag,
  flag,
  integer,
  MAX_XML_BYTES,
  many,
  one,
  optional,
  shape,
  struct,
  text,
  time,
} from "../../src/wire/xml.ts";
import { seeded } from "../auth/random.ts";

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

const Order = shape(
  "Order",
  struct({
    title: one("Title", text),
    amount: optional("Amount", integer),
    items: many("Item", struct({ name: one("Name", text), tag: optional("Tag", etag) })),
    paid: optional("Paid", flag),
    placed: optional("Placed", time),
  }),
);

const Word = shape("Word", text);

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    return error instanceof S3Error ? error.code : `not S3's error: ${error}`;
  }
  return "accepted";
}

/** An order of one title, whose text is written as given. */
const titled = (inside: string) => `<Order><Title>${inside}</Title></Order>`;

describe("a document", () => {
  it("is written in S3's namespace, in the order declared, what is absent left out", () => {
    const value = { items: [{ name: "a", tag: "x" }, { name: "b" }], paid: true, placed: 1_500, title: "t" };
    expect(Order.write(value)).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>\n<Order xmlns="${NAMESPACE}"><Title>t</Title>` +
        "<Item><Name>a</Name><Tag>&quot;x&quot;</Tag></Item><Item><Name>b</Name></Item>" +
        "<Paid>true</Paid><Placed>1970-01-01T00:00:01.000Z</Placed></Order>",
    );
    expect(Word.write("")).toBe(`<?xml version="1.0" encoding="UTF-8"?>\n<Word xmlns="${NAMESPACE}"></Word>`);
  });

  it("is read as it was written, whatever its texts are", () => {
    const random = seeded(1998);
    const pieces = [
      ..."aé😀\ue000\u0301\u2028 \t\n&<>\"'];#x41",
      "]]>",
      "<![CDATA[",
      "&amp;",
      "<!--",
    ] as const;
    const nasty = () => random.text(pieces as unknown as readonly [string, ...string[]], 0, 12);
    for (let i = 0; i < 500; i++) {
      const order = {
        title: nasty(),
        amount: random.integer(2_000_000) - 1_000_000,
        items: Array.from({ length: random.integer(4) }, () => ({ name: nasty(), tag: "abc-2" })),
        paid: random.next() < 0.5,
        placed: random.integer(2_000_000_000) * 1000,
      };
      expect(Order.read(Order.write(order))).toEqual(order);
    }
  });

  it("carries every control character, as a reference", () => {
    const all = String.fromCharCode(...Array.from({ length: 31 }, (_, i) => i + 1), 127);
    expect(escapeXml(all)).not.toMatch(/[\x00-\x1f\x7f]/);
    expect(escapeXml("\u0001\u007f")).toBe("&#1;&#127;");
    expect(Word.read(Word.write(all))).toBe(all);
  });

  it("shows no undefined members once read", () => {
    expect(Object.keys(Order.read(titled("t")))).toEqual(["title", "items"]);
  });
});

describe("reading", () => {
  it.each([
    ["in S3's namespace", `<Order xmlns="${NAMESPACE}"><Title>t</Title></Order>`],
    ["in none", "<Order><Title>t</Title></Order>"],
    ["with a prefix", `<s3:Order xmlns:s3="${NAMESPACE}"><s3:Title>t</s3:Title></s3:Order>`],
    [
      "with a declaration",
      '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Order><Title>t</Title></Order>',
    ],
    ["with a byte order mark", "\ufeff<Order><Title>t</Title></Order>"],
    ["with blanks and comments", "<Order >\n\t<!-- <a> & --> <Title\n>t</Title >\r\n<?pi ?></Order>\n"],
    ["with attributes", '<Order a="1" b=\'>\'><Title xsi:type="x">t</Title></Order>'],
    [
      "with children that nobody knows",
      "<Order><New><Title>x</Title></New><Title>t</Title><New/>text</Order>",
    ],
    ["with children inside a text", "<Order><Title>t<b>x</b></Title></Order>"],
  ])("takes a document %s", (_how, source) => {
    expect(Order.read(source)).toEqual({ title: "t", items: [] });
  });

  it("takes children in any order", () => {
    const source =
      "<Order><Paid>TRUE</Paid><Item><Tag>x</Tag><Name>1</Name></Item><Title>t</Title><Item><Name>2</Name></Item></Order>";
    expect(Order.read(source)).toEqual({
      title: "t",
      items: [{ name: "1", tag: "x" }, { name: "2" }],
      paid: true,
    });
  });

  it.each([
    ["", ""],
    ["  a  ", "  a  "],
    ["&amp;&lt;&gt;&quot;&apos;", "&<>\"'"],
    ["&#65;&#x41;&#x1F600;&#128512;&#x10ffff;", "AA😀😀\u{10ffff}"],
    ["&amp;lt;", "&lt;"],
    ["&#38;lt;", "&lt;"],
    ["<![CDATA[<a>&amp;</a>]]>", "<a>&amp;</a>"],
    ["a<![CDATA[b]]>c<![CDATA[]]><![CDATA[d]]>", "abcd"],
    ["a<!-- b -->c", "ac"],
    ["a\r\nb\rc", "a\nb\nc"],
    ["&#13;&#10;", "\r\n"],
    ["a > b", "a > b"],
  ])("reads the text %j as %j", (inside, expected) => {
    expect(Order.read(titled(inside)).title).toBe(expected);
  });

  it.each([
    [etag, '"abc"', "abc"],
    [etag, "abc", "abc"],
    [etag, " &quot;abc&quot; ", "abc"],
    [integer, " -12 ", -12],
    [integer, "007", 7],
    [flag, "True", true],
    [flag, " false ", false],
    [time, "2024-02-29T01:02:03.456Z", Date.UTC(2024, 1, 29, 1, 2, 3, 456)],
    [time, "2024-02-29T01:02:03Z", Date.UTC(2024, 1, 29, 1, 2, 3)],
  ])("reads a value (%#)", (codec, inside, expected) => {
    expect(shape<unknown>("V", codec).read(`<V>${inside}</V>`)).toBe(expected);
  });
});

describe("what is not the document is MalformedXML", () => {
  it.each([
    ["nothing", ""],
    ["blanks", " \n"],
    ["a text", "Order"],
    ["JSON", '{"Order":{"Title":"t"}}'],
    ["another root", "<order><Title>t</Title></order>"],
    ["a root in another document", "<Other><Order><Title>t</Title></Order></Other>"],
    ["two roots", "<Order><Title>t</Title></Order><Order><Title>t</Title></Order>"],
    ["a text before it", "x<Order><Title>t</Title></Order>"],
    ["a text behind it", "<Order><Title>t</Title></Order>x"],
    ["an end that is missing", "<Order><Title>t</Title>"],
    ["an end that is another's", "<Order><Title>t</Order></Title>"],
    ["an end that is cut off", "<Order><Title>t</Title></Order"],
    ["a tag with a blank first", "< Order><Title>t</Title></ Order>"],
    ["a tag that is a number", "<Order><1/><Title>t</Title></Order>"],
    ["an attribute without quotes", "<Order a=1><Title>t</Title></Order>"],
    ["an attribute twice", '<Order a="1" a="2"><Title>t</Title></Order>'],
    ["a comment without an end", "<Order><Title>t</Title><!-- </Order>"],
    ["a CDATA section without an end", titled("<![CDATA[t")],
    ["a bare ampersand", titled("a & b")],
    ["a bare less-than", titled("a < b")],
    ["an entity that XML does not have", titled("&nbsp;")],
    ["a reference without an end", titled("&amp t")],
    ["a reference to nothing", titled("&;")],
    ["a reference in capitals", titled("&#X41;")],
    ["half a surrogate pair", titled("&#xD83D;")],
    ["a code point that there is not", titled("&#x110000;")],
    ["a missing member", "<Order><Paid>true</Paid></Order>"],
    ["a member in small letters", "<Order><title>t</title></Order>"],
    ["a member twice", "<Order><Title>t</Title><Title>t</Title></Order>"],
    ["an optional member twice", "<Order><Title>t</Title><Paid>true</Paid><Paid>true</Paid></Order>"],
    ["a missing member inside", "<Order><Title>t</Title><Item><Tag>x</Tag></Item></Order>"],
    ["a number that is none", "<Order><Title>t</Title><Amount>1.5</Amount></Order>"],
    ["a number that is empty", "<Order><Title>t</Title><Amount/></Order>"],
    ["a number past all numbers", `<Order><Title>t</Title><Amount>${"9".repeat(40)}</Amount></Order>`],
    ["a flag that is none", "<Order><Title>t</Title><Paid>yes</Paid></Order>"],
    ["a time that is none", "<Order><Title>t</Title><Placed>soon</Placed></Order>"],
    ["a document type", "<!DOCTYPE Order><Order><Title>t</Title></Order>"],
    ["a document type in small letters", "<!doctype Order><Order><Title>t</Title></Order>"],
    ["an entity of its own", "<!DOCTYPE Order [<!ENTITY t 't'>]><Order><Title>&t;</Title></Order>"],
    [
      "a file as an entity",
      '<!DOCTYPE o [<!ENTITY t SYSTEM "file:///etc/passwd">]><Order><Title>&t;</Title></Order>',
    ],
    ["entities made of entities", `<!DOCTYPE o [<!ENTITY a "${"&b;".repeat(9)}">]>${titled("&a;")}`],
  ])("%s", (_what, source) => {
    expect(refusal(() => Order.read(source))).toBe("MalformedXML");
  });

  it.each(["__proto__", "constructor", "prototype"])(
    "a child with the name %s, or it is passed over",
    (name) => {
      const source = `<Order><${name}>x</${name}><Title>t</Title></Order>`;
      expect(["MalformedXML", "accepted"]).toContain(refusal(() => Order.read(source)));
      expect(Object.keys({})).toEqual([]);
    },
  );
});

describe("the size of a document", () => {
  const nested = (depth: number, tag = "<a>") =>
    `<Order><Title>t</Title>${tag.repeat(depth)}${"</a>".repeat(depth)}</Order>`;

  it("is at most sixteen elements in depth", () => {
    expect(refusal(() => Order.read(nested(15)))).toBe("accepted");
    for (const depth of [16, 120, 20_000]) {
      expect([depth, refusal(() => Order.read(nested(depth)))]).toEqual([depth, "MalformedXML"]);
    }
  });

  it.each(["<a >", '<a b="c">', '<a b="/>">', "<a b='<'>", `<a b="${"c".repeat(2000)}">`])(
    "is at most sixteen elements in depth, written as %s, too",
    (tag) => {
      for (const depth of [16, 120, 20_000]) {
        expect([depth, refusal(() => Order.read(nested(depth, tag)))]).toEqual([depth, "MalformedXML"]);
      }
    },
  );

  it("is not depth where elements stand side by side", () => {
    expect(Order.read(`<Order><Title>t</Title>${"<a/><b></b>".repeat(1000)}</Order>`).title).toBe("t");
    expect(
      Order.read(`<Order><Title>t</Title>${"<Item><Name>n</Name></Item>".repeat(1000)}</Order>`).items,
    ).toHaveLength(1000);
  });

  it("has room for a thousand keys of 1,024 bytes, be each of them escaped", () => {
    const Delete = shape("Delete", struct({ keys: many("Object", struct({ key: one("Key", text) })) }));
    for (const character of ["a", "é", "&"]) {
      const key = character.repeat(1024 / Buffer.byteLength(character));
      const source = Delete.write({ keys: Array.from({ length: 1000 }, () => ({ key })) });
      expect([character, Buffer.byteLength(source) <= MAX_XML_BYTES]).toEqual([character, true]);
      expect(Delete.read(source).keys[999]?.key).toBe(key);
    }
  });

  it.each([
    ["tags begun", "<".repeat(MAX_XML_BYTES)],
    ["tags opened", "<a>".repeat(MAX_XML_BYTES / 4)],
    ["comments begun", "<!--".repeat(MAX_XML_BYTES / 4)],
    ["sections begun", "<![CDATA[".repeat(MAX_XML_BYTES / 10)],
    ["attributes", `<Word ${'x="1" '.repeat(MAX_XML_BYTES / 8)}/>`],
    ["ampersands", `<Word>${"&".repeat(MAX_XML_BYTES - 100)}</Word>`],
  ])("does not make reading slow: nothing but %s", (_what, source) => {
    const begun = performance.now();
    expect(refusal(() => Word.read(source))).toBe("MalformedXML");
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});
