import { describe, expect, it } from "vitest";
import { inspectMail } from "../../src/bounces/inspect-mail.ts";
import { failedStatus, reportNotice, textNotice } from "./notices.ts";

const line = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=\n";
const letterOf = (size: number): string =>
  `Message-ID: <large@sales.example>\nFrom: anna@sales.example\nTo: jan@customer.example\n\n${line.repeat(size / line.length)}`;
const noticeOf = (size: number): Uint8Array => reportNotice({ status: failedStatus(), original: letterOf(size) });

const cpuMilliseconds = (work: () => void): number => {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e3;
};

const median = (values: number[]): number => values.sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;

describe("a notice that returns a large letter", () => {
  it("gives the report that it gives with a small one", () => {
    expect(inspectMail(noticeOf(25_000_000))).toEqual(inspectMail(noticeOf(10_000)));
  });

  it("takes the time of a small one: it does not grow with the letter", () => {
    const [small, large] = [noticeOf(1_000_000), noticeOf(25_000_000)];
    const timeOf = (bytes: Uint8Array): number => median(Array.from({ length: 15 }, () => cpuMilliseconds(() => void inspectMail(bytes))));
    timeOf(small);
    expect(timeOf(large) / timeOf(small)).toBeLessThan(2);
  });

  it("takes no memory for the letter", () => {
    const bytes = noticeOf(25_000_000);
    const before = process.memoryUsage().rss;
    inspectMail(bytes);
    expect(process.memoryUsage().rss - before).toBeLessThan(2 * bytes.length);
  });

  it("is read to its end where its report stands behind a large part", () => {
    const report = Buffer.from(noticeOf(1000)).toString("latin1");
    const text = report.replace("Your message could not be delivered.", `Your message could not be delivered.\n${line.repeat(30_000)}`);
    expect(inspectMail(Buffer.from(text, "latin1")).recipients.map(({ address }) => address)).toEqual(["jan@customer.example"]);
  });

  it("is read where it is one text with the letter below", () => {
    const body = `<jan@customer.example>:\n550 5.1.1 User unknown\n\n--- Below this line is a copy of the message.\n\n${letterOf(5_000_000)}`;
    const report = inspectMail(textNotice({ body }));
    expect(report.recipients.map(({ address, reason }) => `${address} ${reason}`)).toEqual(["jan@customer.example userunknown"]);
  });
});
