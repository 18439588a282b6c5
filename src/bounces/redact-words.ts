/** Consistent stand-ins for what names people: one address, host, name or subject is the same stand-in everywhere in a message. */
import { bareSubject } from "./bare-subject.ts";
import { addressKey } from "./keys.ts";
import { isMachineFrom } from "./machine-signs.ts";
import { addressesIn, readMailboxes } from "./read-addresses.ts";

/** What a message says of people, as far as its header fields and addresses tell. */
export type Known = {
  /** From, To and their kin, with encoded words read. */
  people: readonly string[];
  /** Subjects of the returned letter, with encoded words read. */
  subjects: readonly string[];
  /** Every text of the message. */
  texts: readonly string[];
};

export type Redactor = {
  /** A text with everything known replaced. */
  words: (text: string) => string;
  /** The stand-in of a Message-ID or an address. */
  address: (address: string) => string;
  host: (host: string) => string;
  person: (name: string) => string;
  /** The stand-in of a letter's subject, behind the Re: or Fwd: it had. */
  subject: (subject: string) => string;
};

/** Mail services and block lists: their names are no person's, and say who wrote a notice or why. What stands before them can be a customer's name. */
const service =
  /(?:^|\.)(?:google|googlemail|gmail|outlook|hotmail|microsoft|office365|yahoo|mimecast|messagelabs|pphosted|amazonses)\.(?:com|net)$/i;
const serviceHost =
  /(?:^|\.)(?:google|googlemail|gmail|microsoft|yahoo|amazonses)\.com$|(?:^|\.)(?:spamhaus|spamcop|barracudacentral|sorbs|uceprotect|njabl|abuseat|mailspike|surbl|uribl|dsbl)\.(?:com|net|org)$/i;

const stands = (prefix: string, suffix = "") => {
  const given = new Map<string, string>();
  return (key: string): string => {
    const known = given.get(key) ?? `${prefix}${given.size + 1}${suffix}`;
    given.set(key, known);
    return known;
  };
};

/** In the letters of what it stands for: the language of a notice is told by its letters too. */
const userStands = () => {
  const [latin, cyrillic, other] = [stands("u"), stands("имя"), stands("ü")];
  return (local: string): string => {
    if (/\p{Script=Cyrillic}/u.test(local)) return cyrillic(local);
    return /[^\p{ASCII}]/u.test(local) ? other(local) : latin(local);
  };
};

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

/** Where a mail server names a host: behind a word for it, or before its IP address. */
const hostPlaces = [
  /(?:\b(?:from|by|host|server|mx|relay=|helo=|dns;|via|at)\s*)([\p{L}\p{N}_-]{1,63}(?:\.[\p{L}\p{N}_-]{1,63}){1,10})/giu,
  /(?<![\p{L}\p{N}._-])([\p{L}\p{N}_-]{1,63}(?:\.[\p{L}\p{N}_-]{1,63}){1,10})\.?\s?[[(]\[?(?:\d|ipv6)/giu,
];

const hostKey = (host: string): string => addressKey(`x@${host.replace(/\.$/, "")}`).slice(2);

const domainOfAddress = (address: string): string => address.slice(address.lastIndexOf("@") + 1);

/** Every address of a text; addressesIn reads the beginning of one. */
const allAddresses = (text: string): string[] => text.split("\n").flatMap((line) => (line.includes("@") ? addressesIn(line) : []));

/** Hosts that belong to somebody: of addresses, and those servers name; with the domain they lie in. */
const hostsOf = ({ texts }: Known): string[] => {
  const named = texts.flatMap((text) => hostPlaces.flatMap((place) => [...text.matchAll(place)].map(([, host = ""]) => host)));
  const all = [...named, ...texts.flatMap(allAddresses).map(domainOfAddress)].map((host) => host.replace(/\.$/, ""));
  const around = all.map((host) => host.split(".").slice(1).join(".")).filter((parent) => parent.split(".").length > 1);
  return [...new Set([...all, ...around].map((host) => host.toLowerCase()))].filter(
    (host) => /\.\p{L}[\p{L}\p{N}-]+$/u.test(host) && !serviceHost.test(host),
  );
};

/** Words in names that mail servers use too. */
const ordinaryWord =
  /^(?:mail|mailbox|delivery|system|service|server|team|sales|support|office|user|admin|info|the|and|for|message|group|gmbh|inc|ltd|nobody|unknown|full|spam|blocked)$/i;

/** Display names; a machine's is none. `whole`: those that do more than repeat the address. */
const namesOf = ({ people }: Known): { all: string[]; whole: string[] } => {
  const mailboxes = people.filter((value) => !isMachineFrom(value)).flatMap(readMailboxes);
  const named = mailboxes.filter(({ name }) => name.trim().length > 2 && !ordinaryWord.test(name.trim()));
  const whole = named.filter(({ name, address }) => name.trim().toLowerCase() !== address.split("@", 1)[0]?.toLowerCase());
  return { all: named.map(({ name }) => name.trim()), whole: whole.map(({ name }) => name.trim()) };
};

/** First names and surnames, as they are written: in small letters they can be any word. */
const partsOf = (names: readonly string[]): string[] =>
  names.flatMap((name) => name.split(/[\s,."'()]+/)).filter((part) => part.length > 2 && /^\p{Lu}/u.test(part) && !ordinaryWord.test(part));

/** Local parts that are found outside their address too: those no server's sentence could hold. */
const localsOf = ({ texts }: Known): string[] =>
  [
    ...new Set(
      texts
        .flatMap(allAddresses)
        .filter((address) => !isMachineFrom(address))
        .map((address) => address.slice(0, address.lastIndexOf("@"))),
    ),
  ].filter((local) => local.length > 3 && /[\d._+-]/.test(local));

/** The longest first; only between what is neither letter nor digit. */
const anyOf = (words: readonly string[]): string =>
  words.length === 0
    ? "(?!)"
    : `(?<![\\p{L}\\p{N}])(?:${words
        .toSorted((a, b) => b.length - a.length)
        .map(escaped)
        .join("|")})(?![\\p{L}\\p{N}])`;

const url = /\bhttps?:\/\/([^\s/<>"'\])]+)([^\s<>"'\])]*)/giu;
const anyAddress = /[^\s<>()[\]\\,;:"@']{1,200}@(?:\[[^\s\]]{1,80}\]|[\p{L}\p{N}\p{M}._-]{1,255})/giu;
/** What Authentication-Results and Received-SPF call an address. */
const resultLabel = /^(?:smtp\.\w+|header\.\w+|envelope-from|mailfrom|helo|orcpt)=/i;
const ip4 = /(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]*\d)/g;
/** With "::", or all eight groups: a time of day is neither. */
const ip6 =
  /(?<![\p{L}\p{N}:.])(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6})?::(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6})?)(?![\p{L}\p{N}:])/giu;

/** Makes the stand-ins of one message. Pure: the same message gives the same ones. */
export const createRedactor = (known: Known): Redactor => {
  const names = {
    user: userStands(),
    host: stands("host", ".example"),
    person: stands("Person "),
    subject: stands("subject "),
    ip: stands("192.0.2."),
  };
  const hosts = hostsOf(known);

  const host = (text: string): string => {
    if (serviceHost.test(text)) return text;
    const suffix = service.exec(text)?.[0];
    return suffix === undefined
      ? names.host(hostKey(text))
      : `${names.host(hostKey(text)).split(".")[0]}${suffix.startsWith(".") ? "" : "."}${suffix}`;
  };

  const address = (text: string): string => {
    const at = text.lastIndexOf("@");
    const [local, domain] = at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1).replace(/\.$/, "")];
    if (isMachineFrom(`<${text}>`)) return domain === "" ? local : `${local}@${host(domain)}`;
    if (domain === "") return names.user(local.toLowerCase());
    return `${names.user(local.toLowerCase())}@${domain.startsWith("[") ? names.ip(domain) : names.host(hostKey(domain))}`;
  };

  const subject = (text: string): string => {
    const bare = bareSubject(text);
    const flat = text.replace(/\s+/g, " ").trim();
    const before = flat.toLowerCase().endsWith(bare) ? flat.slice(0, flat.length - bare.length) : "";
    return bare === "" ? "" : `${before}${names.subject(bare)}`;
  };

  const ownHosts = new RegExp(
    `(?:(?<![\\p{L}\\p{N}._-])[^\\s<>()@=,;:"]{1,100}=)?${anyOf(hosts).replace("(?<![\\p{L}\\p{N}])", "(?<![\\p{L}\\p{N}])(?:[\\p{L}\\p{N}_-]{1,63}\\.){0,8}")}`,
    "giu",
  );
  const people = namesOf(known);
  const ownNames = new RegExp(anyOf(people.whole), "giu");
  const ownParts = new RegExp(anyOf(partsOf(people.all)), "gu");
  const ownLocals = new RegExp(anyOf(localsOf(known)), "giu");
  const subjects = known.subjects.map(bareSubject).filter((bare) => bare.length > 3);
  const ownSubjects = new RegExp(anyOf(subjects).replaceAll(" ", "\\s+"), "giu");

  const words = (text: string): string => {
    // What is replaced is put aside, so that nothing looks at a stand-in again.
    const done: string[] = [];
    const aside = (stand: string): string => `\ue000${done.push(stand) - 1}\ue001`;
    return text
      .replaceAll(/[\ue000\ue001]/g, "")
      .replace(ownSubjects, (found) => aside(names.subject(bareSubject(found))))
      .replace(url, (_, place: string, path: string) => aside(`https://${host(place)}${serviceHost.test(place) ? path : "/redacted"}`))
      .replace(anyAddress, (found) => {
        const [label = ""] = resultLabel.exec(found) ?? [];
        return label + aside(address(found.slice(label.length))) + (found.endsWith(".") ? "." : "");
      })
      .replace(ownHosts, (found) => {
        const equals = found.lastIndexOf("=");
        return aside(equals < 0 ? host(found) : `${names.user(found.slice(0, equals).toLowerCase())}=${host(found.slice(equals + 1))}`);
      })
      .replace(ip4, (found) => aside(names.ip(found)))
      .replace(ip6, (found) => aside(names.ip(found)))
      .replace(ownNames, (found) => aside(names.person(found.toLowerCase())))
      .replace(ownParts, (found) => aside(names.person(found.toLowerCase())))
      .replace(ownLocals, (found) => aside(names.user(found.toLowerCase())))
      .replace(/\ue000(\d+)\ue001/g, (_, index: string) => done[Number(index)] ?? "");
  };

  return { words, address, host, subject, person: (name) => names.person(name.toLowerCase()) };
};
