import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inspectMail } from "../../src/bounces/inspect-mail.ts";
import { addressesAfter, typedAddress } from "../../src/bounces/read-addresses.ts";
import { failedStatus, originalHead, reportNotice, textNotice } from "./notices.ts";

const told = (bytes: Uint8Array): string[] =>
  inspectMail(bytes).recipients.map(
    ({ address, originalAddress, reason }) => `${address}${originalAddress ? ` for ${originalAddress}` : ""} ${reason}`,
  );

const jan = "jan@customer.example";
const ewa = "ewa@customer.example";

describe("several recipients", () => {
  it.each([
    ["one below the other", `The following failed:\n\n<${jan}>\n<${ewa}>\n550 5.1.1 User unknown\n`],
    ["on one line, with commas", `The following failed:\n\n${jan}, ${ewa}: 550 5.1.1 User unknown\n`],
    ["on one line, with semicolons", `Delivery has failed to these recipients: ${jan}; ${ewa}\n\n550 5.1.1 User unknown\n`],
    ["in a sentence", `Your message could not be delivered to: ${jan}, ${ewa}\n\n550 5.1.1 User unknown\n`],
    ["as a list", `Failed recipients:\n - ${jan}\n - ${ewa}\n   550 5.1.1 User unknown\n`],
  ])("%s share the words that follow", (_, body) => {
    expect(told(textNotice({ body }))).toEqual([`${jan} userunknown`, `${ewa} userunknown`]);
  });

  it("with words of their own keep them", () => {
    expect(told(textNotice({ body: `<${jan}>:\n550 5.1.1 User unknown\n<${ewa}>:\n552 5.2.2 Over quota\n` }))).toEqual([
      `${jan} userunknown`,
      `${ewa} mailboxfull`,
    ]);
  });
});

describe("a recipient", () => {
  it("that only prose names is found, and the owner beside it is not", () => {
    expect(told(textNotice({ body: `Dear anna@sales.example, your mail to ${jan} was rejected because the mailbox is full.\n` }))).toEqual([
      `${jan} mailboxfull`,
    ]);
  });

  it("is not the sender, whom a notice's details name by another address than the owner's", () => {
    const details = "Original Message Details\nSender Address: bounces+anna@sales.example\nRecipient Address: jan@customer.example\n";
    expect(
      told(textNotice({ body: `Your message to ${jan} couldn't be delivered.\n\n${details}` })).map((line) => line.split(" ")[0]),
    ).toEqual([jan]);
  });

  it("that only the returned message names is found, where it names no other", () => {
    const body = `Your message could not be delivered: mailbox full.\n\n${originalHead}\n`;
    expect(told(textNotice({ body }))).toEqual([`${jan} mailboxfull`]);
    expect(told(textNotice({ body: body.replace("To: Jan", `To: ${ewa}, Jan`) }))).toEqual([]);
  });

  it("is the member of an alias, and the alias is the one that was written to", () => {
    const status = failedStatus().replace("Final-Recipient", "Original-Recipient: rfc822; sales@customer.example\nFinal-Recipient");
    expect(told(reportNotice({ status }))).toEqual([`${jan} for sales@customer.example userunknown`]);
  });

  it("is read from X-Actual-Recipient where Final-Recipient names a program or nothing", () => {
    const status = failedStatus()
      .replace(`rfc822; ${jan}`, "rfc822; |/usr/bin/filter")
      .replace("Action", `X-Actual-Recipient: rfc822; ${jan}\nAction`);
    expect(told(reportNotice({ status }))).toEqual([`${jan} userunknown`]);
  });

  it.each([
    ["IMCEASMTP-jan+40customer+2Eexample@mx.sales.example", jan],
    ["rfc822; IMCEAEX-_O=SALES_OU=FIRST_CN=JAN@mx.sales.example", "IMCEAEX-_O=SALES_OU=FIRST_CN=JAN@mx.sales.example"],
    ["rfc822; jan+2Bnews@customer.example", "jan+news@customer.example"],
    ["utf-8; j\\x{F3}zef@customer.example", "józef@customer.example"],
    ["utf-8; józef@bücher.example", "józef@bücher.example"],
  ])("written as %s is %s", (field, address) => {
    expect(typedAddress(field)).toBe(address);
  });
});

describe("a list behind an address", () => {
  it.each([
    [`, ${ewa}: 550 no`, [ewa]],
    [`; ${ewa}; <ola@customer.example>`, [ewa, "ola@customer.example"]],
    [`, who wrote to ${ewa}`, []],
    [": 550 no", []],
  ])("%s", (rest, addresses) => {
    expect(addressesAfter(rest)).toEqual(addresses);
  });

  it("holds addresses alone, whatever the text", () => {
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (rest) => addressesAfter(`, ${rest}`).every((address) => address.includes("@"))));
  });
});
