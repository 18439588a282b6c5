import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressesIn, cleanAddress, readMailboxes, typedAddress } from "../../src/bounces/read-addresses.ts";
import { readDate } from "../../src/bounces/read-date.ts";
import { readReply } from "../../src/bounces/read-reply.ts";
import { readStatusPart } from "../../src/bounces/read-status.ts";

const local = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,15}[A-Za-z0-9]$/);
const domain = fc.stringMatching(/^[a-z0-9]{1,10}(\.[a-z]{2,8}){1,2}$/);
const address = fc.tuple(local, domain).map(([one, two]) => `${one}@${two}`);

describe("addresses", () => {
  it.each([
    ["rfc822; <Jan@Customer.example>", "Jan@Customer.example"],
    ["RFC822;jan@customer.example", "jan@customer.example"],
    ["jan@customer.example", "jan@customer.example"],
    ["utf-8; j\\x{F8}rgen@example.org", "jørgen@example.org"],
    ["rfc822; user+2Btag@customer.example", "user+tag@customer.example"],
    ["rfc822; plus+tag@customer.example", "plus+tag@customer.example"],
    ['rfc822; "odd name"@customer.example', '"odd name"@customer.example'],
    ["rfc822; kijitora", "kijitora"],
    ["x400; /c=pl/o=x", ""],
    ["rfc822;", ""],
  ])("of the report field %s: %s", (field, expected) => {
    expect(typedAddress(field)).toBe(expected);
  });

  it("are found in prose without what surrounds them, each once", () => {
    expect(addressesIn("<a@b.example>, (mailto:a@b.example) and 'c@d.example'. x@ @y")).toEqual(["a@b.example", "c@d.example"]);
  });

  it("end where Chinese or Japanese words go on without a space, but keep their own letters", () => {
    expect(addressesIn("anna@sales.example您好 jan@例え.jp")).toEqual(["anna@sales.example", "jan@例え.jp"]);
  });

  it("of header lists keep names, comments and commas in quotes apart", () => {
    expect(readMailboxes('"Nowak, Anna" <anna@b.example>, jan@c.example (Jan), team: x@d.example, y@d.example;, MAILER-DAEMON <>')).toEqual(
      [
        { name: "Nowak, Anna", address: "anna@b.example" },
        { name: "Jan", address: "jan@c.example" },
        { name: "", address: "x@d.example" },
        { name: "", address: "y@d.example" },
        { name: "MAILER-DAEMON", address: "" },
      ],
    );
  });

  it("come back from every form they are written in", () => {
    fc.assert(
      fc.property(address, (one) => {
        expect(cleanAddress(`<${one}>`)).toBe(one);
        expect(addressesIn(`to <${one}>: refused`)).toEqual([one]);
        expect(readMailboxes(`"Doe, J" <${one}>`)[0]?.address).toBe(one);
      }),
    );
  });

  it("never throw, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        for (const found of addressesIn(text)) expect(found).toContain("@");
        expect(typeof typedAddress(text)).toBe("string");
        expect(Array.isArray(readMailboxes(text))).toBe(true);
      }),
    );
  });
});

describe("replies", () => {
  it.each([
    ["550 5.1.1 <a@b.example>: User unknown", 550, "5.1.1"],
    ["550-5.7.26 Unauthenticated", 550, "5.7.26"],
    ["host mx.example[192.0.2.250]: 452 4.2.2 full", 452, "4.2.2"],
    ["550 5.0.0 refused (#5.1.1)", 550, "5.1.1"],
    ["sorry, no mailbox (#5.1.1)", null, "5.1.1"],
    ["at 5.5.5.5 on 2026-11-25", null, null],
    ["version 4.96.2 of 250.5.1.1 at mx-5.1.1", null, null],
  ])("%s", (text, code, status) => {
    expect(readReply(text)).toEqual({ code, status });
  });
});

describe("dates", () => {
  it.each([
    ["Wed, 25 Nov 2026 15:50:49 +0100", "2026-11-25T14:50:49Z"],
    ["25 Nov 26 15:50 GMT", "2026-11-25T15:50:00Z"],
    ["Wed, 25 Nov 2026 10:50:49 -0500 (EST)", "2026-11-25T15:50:49Z"],
    ["Wed, 25 Nov 2026 10:50:49 EST", "2026-11-25T15:50:49Z"],
    ["Wed, 25 Nov 2026 15:50:49", "2026-11-25T15:50:49Z"],
  ])("%s", (text, expected) => {
    expect(readDate(text)).toBe(Date.parse(expected));
  });

  it("that are none are null", () => {
    for (const text of ["", "yesterday", "32 Foo 2026 10:00", null]) expect(readDate(text)).toBeNull();
  });
});

describe("a status part", () => {
  const group = (name: string): string => `Final-Recipient: rfc822; ${name}\nAction: failed\nStatus: 5.1.1`;

  it("has a group per recipient, also without blank lines between them", () => {
    const { message, recipients } = readStatusPart(`Reporting-MTA: dns; mx.example\n\n${group("a@b.example")}\n${group("c@d.example")}\n`);
    expect(message.get("reporting-mta")).toBe("dns; mx.example");
    expect(recipients.map((one) => one.get("final-recipient"))).toEqual(["rfc822; a@b.example", "rfc822; c@d.example"]);
  });

  it("keeps a group together that blank lines split", () => {
    const { recipients } = readStatusPart(
      "\n\nReporting-MTA: dns; x\n\n\nOriginal-Recipient: rfc822;a@b.example\nFinal-Recipient: rfc822;a@b.example\nAction: failed\n\nStatus: 5.1.1\n",
    );
    expect(recipients).toHaveLength(1);
    expect(recipients[0]?.get("status")).toBe("5.1.1");
  });

  it("starts a group with the recipient's name, whether Original- or Final-Recipient comes first", () => {
    const one = "Original-Recipient: rfc822;a@b.example\nFinal-Recipient: rfc822;a@b.example\nAction: failed\n";
    const two = "Original-Recipient: rfc822;c@d.example\nFinal-Recipient: rfc822;c@d.example\nAction: delayed\n";
    const { recipients } = readStatusPart(`Reporting-MTA: dns; x\n\n${one}\n${two}`);
    expect(recipients.map((group) => group.get("action"))).toEqual(["failed", "delayed"]);
  });

  it("bears lines that are no fields, spaces before colons and unindented continuations", () => {
    const { recipients } = readStatusPart(
      `>>> made by X <<<\n\nFinal-Recipient : rfc822; a@b.example\nAction: failed\nno field\nDiagnostic-Code: smtp; 550 5.1.1 one\n550 5.1.1 two\n`,
    );
    expect(recipients[0]?.get("diagnostic-code")).toBe("smtp; 550 5.1.1 one 550 5.1.1 two");
  });

  it("never throws, and finds as many recipients as were written", () => {
    fc.assert(fc.property(fc.string({ maxLength: 500 }), (text) => readStatusPart(text).recipients.length >= 0));
    fc.assert(
      fc.property(fc.array(address, { minLength: 1, maxLength: 10 }), (names) => {
        expect(readStatusPart(`Reporting-MTA: dns; x\n\n${names.map(group).join("\n\n")}`).recipients).toHaveLength(names.length);
      }),
    );
  });
});
