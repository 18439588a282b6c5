import { type ConnectedInbox, ConnectorError, type Tools } from "../../src/ports/connector.ts";
import { readXml, type XmlElement } from "../shared/read-xml.ts";
import { sleep } from "../shared/sleep.ts";
import { waitAsked } from "../shared/wait-asked.ts";
import { exchangeError, isOfMailbox, isPassing, type Problem } from "./exchange-error.ts";
import { type Answer, openChannel } from "./open-channel.ts";
import { soap } from "./requests.ts";
import { readSettings } from "./settings.ts";
import { at, child, localName, textAt } from "./xml.ts";

/** How long a wait we sit out ourselves rather than end the poll, and how long before the one second try; milliseconds. */
const shortWait = 10_000;
const beforeRepeat = 500;
/** No answer but a whole message is longer: the headers of fifty messages. */
const usualMost = 32 * 1024 * 1024;

/** What Exchange answered to one of the things asked for. `code`: NoError, or why not. */
export type ResponseMessage = { code: string; words: string; content: XmlElement };

/** One mailbox in Exchange Web Services. Nothing in it can be changed. */
export type Ews = {
  host: string;
  /** The address of the mailbox where it is not the login's own. */
  owner: string | null;
  /** Asks for several things of one kind: one answer each, in order. What concerns the whole mailbox rejects as ConnectorError. */
  askEach(operation: string): Promise<ResponseMessage[]>;
  /** Asks for one thing: what fails rejects. ConnectorError "rejected" as soon as more than maxBytes come. */
  ask(operation: string, maxBytes?: number): Promise<XmlElement>;
  /** As Exchange calls itself, such as 15.2.1118.40; null before the first answer. */
  version(): string | null;
  /** The server's clock by its last answer, epoch milliseconds in whole seconds, as its stamps on mail are. */
  now(): number;
  close(): void;
};

const backOff = (element: XmlElement | undefined): number | null => {
  const value = element?.children.find(
    (each) => localName(each) === "Value" && each.attributes.get("Name") === "BackOffMilliseconds",
  )?.text;
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : null;
};

const readMessage = (content: XmlElement): ResponseMessage & { retryAfterMs: number | null } => ({
  code: content.attributes.get("ResponseClass") === "Success" ? "NoError" : (textAt(content, "ResponseCode") ?? ""),
  words: textAt(content, "MessageText") ?? "",
  content,
  retryAfterMs: backOff(child(content, "MessageXml")),
});

/** A SOAP fault (SOAP 1.1, 4.4) with Exchange's reason in its detail. */
const readFault = (fault: XmlElement): Pick<Problem, "code" | "words" | "retryAfterMs"> => {
  const detail = child(fault, "detail");
  return {
    code: textAt(detail, "ResponseCode") ?? textAt(fault, "faultcode")?.replace(/^.*:/, "") ?? "",
    words: textAt(detail, "Message") ?? textAt(fault, "faultstring") ?? "",
    retryAfterMs: backOff(child(detail, "MessageXml")),
  };
};

const noSoap = (host: string, text: string): ConnectorError =>
  /^\s*<(?:!doctype\s+)?html/i.test(text)
    ? new ConnectorError(
        "rejected",
        `${host} answered with a web page where Exchange Web Services should be. Check the address; it usually ends in /EWS/Exchange.asmx.`,
      )
    : new ConnectorError("unavailable", `${host} gave an answer that cannot be read; we try again.`);

/** Opens a mailbox. What fails in passing is asked once more, after the wait that was asked for where it is short. */
export const openEws = (inbox: ConnectedInbox, tools: Tools): Ews => {
  const { signal, limiter, now } = tools;
  const settings = readSettings(inbox);
  const host = settings.url.hostname;
  const channel = openChannel(settings, tools);
  const quota = `exchange:${settings.url.host}`;
  let ahead = 0;
  let version: string | null = null;

  const nothing = { host, status: 0, code: "", words: "", retryAfterMs: null };

  const record = ({ status, headers }: Answer): void =>
    tools.record?.({ method: "POST", url: settings.url.href, status, headers: Object.keys(headers), body: null });

  const readVersion = (header: XmlElement | undefined): void => {
    const info = child(header, "ServerVersionInfo");
    const parts = ["MajorVersion", "MinorVersion", "MajorBuildNumber", "MinorBuildNumber"].map((name) => info?.attributes.get(name));
    if (parts[0] !== undefined) version = parts.join(".");
  };

  /** What an answer holds: one message each, or why there is none. */
  const read = (answer: Answer): ResponseMessage[] | Problem => {
    const { status, headers, text } = answer;
    const retryAfterMs = waitAsked({ header: headers["retry-after"] ?? null, text: "" }, now());
    const refused = { ...nothing, status, retryAfterMs };
    if (status !== 200 && status !== 500) return refused;
    const root = readXml(text);
    if (root === null || localName(root) !== "Envelope") {
      if (status === 500) return refused;
      throw noSoap(host, text);
    }
    readVersion(child(root, "Header"));
    const fault = at(root, "Body", "Fault");
    if (fault) return { ...refused, ...readFault(fault) };
    const messages = (at(root, "Body")?.children[0]?.children[0]?.children ?? []).map(readMessage);
    const failure = messages.find(({ code }) => isOfMailbox(code));
    if (failure) return { ...refused, code: failure.code, words: failure.words, retryAfterMs: failure.retryAfterMs };
    return messages;
  };

  const attempt = async (request: string, maxBytes: number): Promise<ResponseMessage[] | Problem> => {
    await limiter.take(quota, 1, signal);
    try {
      const answer = await channel.post(request, maxBytes);
      const date = Date.parse(answer.headers.date ?? "");
      if (!Number.isNaN(date)) ahead = date - now();
      record(answer);
      return read(answer);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ConnectorError || !(error instanceof Error && "code" in error)) throw error;
      return nothing;
    }
  };

  const askEach = async (operation: string, maxBytes = usualMost): Promise<ResponseMessage[]> => {
    const request = soap(operation);
    for (let repeated = false; ; repeated = true) {
      const outcome = await attempt(request, maxBytes);
      if (Array.isArray(outcome)) return outcome;
      const wait = outcome.retryAfterMs;
      if (repeated || !(wait === null ? isPassing(outcome) : wait <= shortWait)) throw exchangeError(outcome);
      if (wait === null) await sleep(beforeRepeat, signal);
      else limiter.pause(quota, now() + wait);
    }
  };

  return {
    host,
    owner: settings.sharedMailbox || null,
    askEach,
    async ask(operation, maxBytes) {
      const [message] = await askEach(operation, maxBytes);
      if (message?.code === "NoError") return message.content;
      throw exchangeError({ ...nothing, status: 200, code: message?.code ?? "", words: message?.words ?? "" });
    },
    version: () => version,
    now: () => Math.floor((now() + ahead) / 1000) * 1000,
    close: channel.close,
  };
};
