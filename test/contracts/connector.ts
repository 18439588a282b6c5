/**
 * What every connector owes (ports/connector.ts), run over every entry of connectors/registry.ts. A connector's harness makes
 * a mailbox and can do to it what the contract speaks of; what a provider cannot have is said by it with a reason, and shows
 * in the results as skipped, with that reason.
 */
import { describe, expect, type TestContext, test } from "vitest";
import * as z from "zod";
import { type Envelope, envelopeFields } from "../../src/bounces/envelope.ts";
import type {
  App,
  ConnectedInbox,
  Connector,
  ConnectorErrorKind,
  Cursor,
  Dial,
  Json,
  Log,
  Page,
  Session,
  Tools,
} from "../../src/ports/connector.ts";
import { collect, testTools } from "../connectors/test-tools.ts";

export type NotApplicable = { notApplicable: string };

/** Makes the provider misbehave, until `recover`. */
export type Trouble = (() => Promise<void> | void) | NotApplicable;

/** The folders of a mailbox under test. `extra` is one the inbox's settings name, or the provider's nearest to it. */
export type FolderName = "sent" | "inbox" | "junk" | "extra";

export type TestMailbox = {
  inbox: ConnectedInbox;
  secrets: Json;
  /** What the operator registered with the provider, where it needs that. */
  app?: App;
  /** How the provider's own hosts are reached, where the connector names them itself. */
  dial?: Dial;
  /** Secrets as they must never be seen in an error or a log. */
  secretWords: readonly string[];
  put(folder: FolderName, raw: Buffer): Promise<void>;
  remove(messageId: string): Promise<void>;
  /** Everything a reader could have changed, flags included, as one text. */
  snapshot(): Promise<string>;
  /** True of a server that may go on giving a removed message to who has its folder open (RFC 2180, 4.1). */
  keepsOpenFolder?: true;
  removeExtraFolder: Trouble;
  /** Makes it again, empty. */
  makeExtraFolder: Trouble;
  /** Makes the provider forget the changes a cursor counts on (history expired, UIDVALIDITY changed, file rewritten). */
  expireCursor: Trouble;
  /** The next calls meet each of these. */
  refuseSecrets: Trouble;
  askToWait: { seconds: number; begin: Trouble };
  fail: Trouble;
  resetConnections: Trouble;
  hang: Trouble;
  recover(): Promise<void> | void;
  close(): Promise<void>;
};

export type Harness = {
  /** What stands behind it, such as "Dovecot". */
  name: string;
  /** Why it cannot run on this machine; null if it can. */
  skipped: string | null;
  /** The provider gives the bytes back as it got them. If it makes them anew (Graph's $value), the reason. */
  exactBytes: true | NotApplicable;
  open(): Promise<TestMailbox>;
};

const letter = (name: string | number, more = "", body = `Text ${name}`): Buffer => {
  const date = new Date(Date.now() - 1000).toUTCString().replace("GMT", "+0000");
  const head = `Message-ID: <${name}@sales.example>\r\nFrom: Anna <anna@sales.example>\r\nTo: jan@customer.example\r\nSubject: Offer ${name}\r\nDate: ${date}\r\n`;
  return Buffer.from(`${head}${more}\r\n${body}\r\n`, "latin1");
};

const ids = (pages: readonly Page[]): string[] => pages.flatMap(({ messages }) => messages.map(idOf));
const idOf = ({ headers }: Envelope): string => headers.get("message-id")?.[0] ?? "";
const named = (...names: (string | number)[]): string[] => names.map((name) => `<${name}@sales.example>`);
const last = (pages: readonly Page[]): Cursor => pages.at(-1)?.cursor ?? null;
/** A cursor is stored as JSON: whatever does not survive that is lost. */
const stored = (cursor: Cursor): Cursor => JSON.parse(JSON.stringify(cursor));

type Stage = { box: TestMailbox; tools: Tools; logged: string[]; session: Session; pullAll(cursor?: Cursor): Promise<Page[]> };

const recordingLog = (logged: string[]): Log => {
  const note = (fields: object, message: string): void => {
    logged.push(JSON.stringify(fields) + message);
  };
  return { debug: note, info: note, warn: note, error: note };
};

/** Opens a mailbox and a session for one test, and closes both behind it. */
const onStage = async (
  connector: Connector,
  harness: Harness,
  act: (stage: Stage) => Promise<void>,
  more: Partial<Tools> = {},
): Promise<void> => {
  const box = await harness.open();
  const logged: string[] = [];
  const tools = testTools({
    secrets: box.secrets,
    app: box.app ?? null,
    log: recordingLog(logged),
    ...(box.dial && { dial: box.dial }),
    ...more,
  });
  const session = await connector.open(box.inbox, tools);
  const pullAll = async (cursor: Cursor = null): Promise<Page[]> => {
    const pages = await collect(session.pull(stored(cursor)));
    for (const page of pages) checkPage(page);
    return pages;
  };
  try {
    await act({ box, tools, logged, session, pullAll });
  } finally {
    await session.close();
    await box.close();
  }
};

const checkPage = (page: Page): void => {
  const refs = page.messages.map(({ ref }) => ref);
  expect(new Set(refs).size, "refs are unique").toBe(refs.length);
  expect(page.cursor, "a page always has a cursor").not.toBeNull();
  expect(stored(page.cursor), "a cursor is JSON").toEqual(page.cursor);
  for (const { headers, folder } of page.messages) {
    expect(folder, "a page is of one folder").toBe(page.folder.path);
    for (const name of headers.keys()) expect(envelopeFields, "only the fields of an envelope are read").toContain(name);
  }
};

const provoke = async (trouble: Trouble, { skip }: TestContext): Promise<void> => {
  if (typeof trouble !== "function") return skip(`not applicable: ${trouble.notApplicable}`);
  await trouble();
};

const thrownBy = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

const expectError = async (work: Promise<unknown>, kind: ConnectorErrorKind): Promise<void> => {
  const error = await thrownBy(work);
  expect(error).toMatchObject({ name: "ConnectorError", kind });
  expect((error as Error).message, "a sentence for people").toMatch(/^\S.*\s.*[.?!]$/s);
};

const describePulling = (connector: Connector, harness: Harness): void => {
  const staged = (act: (stage: Stage, context: TestContext) => Promise<void>) => (context: TestContext) =>
    onStage(connector, harness, (stage) => act(stage, context));

  test(
    "an empty mailbox gives a cursor, after which mail is new",
    staged(async ({ box, pullAll }) => {
      const first = await pullAll();
      expect(last(first)).not.toBeNull();
      expect(await pullAll(last(first))).toEqual([]);
      await box.put("inbox", letter(1));
      const pages = await pullAll(last(first));
      expect(ids(pages)).toEqual(named(1));
      expect(pages.map(({ backfill }) => backfill)).toEqual([false]);
    }),
  );

  test(
    "the first pull finds what was there, marks it backfill, and ends with a cursor after which nothing is new",
    staged(async ({ box, pullAll }) => {
      for (const folder of ["inbox", "sent", "junk", "extra"] as const) await box.put(folder, letter(folder));
      const pages = await pullAll();
      expect(ids(pages).toSorted()).toEqual(named("extra", "inbox", "junk", "sent"));
      expect(pages.filter(({ messages }) => messages.length > 0).every(({ backfill }) => backfill)).toBe(true);
      expect(await pullAll(last(pages))).toEqual([]);
    }),
  );

  test(
    "Sent comes first, and says that it is Sent",
    staged(async ({ box, pullAll }) => {
      await box.put("inbox", letter("in"));
      await box.put("sent", letter("out"));
      const messages = (await pullAll()).flatMap((page) => page.messages);
      expect(messages.map((message) => [idOf(message), message.role])).toEqual([
        ["<out@sales.example>", "sent"],
        ["<in@sales.example>", "inbox"],
      ]);
    }),
  );

  test(
    "from any page's cursor the rest comes and nothing is lost, new mail first",
    staged(async ({ box, pullAll }) => {
      for (let n = 1; n <= 230; n++) await box.put("inbox", letter(n));
      await box.put("sent", letter("out"));
      const pages = await pullAll();
      expect(ids(pages)).toHaveLength(231);
      expect(pages.length).toBeGreaterThan(2);
      await box.put("inbox", letter("late"));
      for (const [index, page] of pages.entries()) {
        const rest = ids(await pullAll(page.cursor));
        expect(rest.toSorted()).toEqual([...named("late"), ...ids(pages.slice(index + 1))].toSorted());
        expect(rest.indexOf("<late@sales.example>"), "live before backfill").toBe(0);
      }
    }),
    60_000,
  );

  test(
    "mail older than the inbox's window is not read, until the window is made wider",
    staged(async ({ box, tools }) => {
      await box.put("inbox", letter(1));
      const pullSince = async (since: number, cursor: Cursor): Promise<Page[]> => {
        const session = await connector.open({ ...box.inbox, since }, tools);
        return collect(session.pull(stored(cursor))).finally(() => session.close());
      };
      const narrow = await pullSince(Date.now() + 86_400_000, null);
      expect(ids(narrow)).toEqual([]);
      expect(last(narrow)).not.toBeNull();
      const wide = await pullSince(Date.now() - 86_400_000, last(narrow));
      expect(ids(wide)).toEqual(named(1));
      expect(await pullSince(Date.now() - 86_400_000 + 60_000, last(wide))).toEqual([]);
    }),
  );

  test(
    "a folder that disappears is a warning, told once, and the others are read; when it is back that is over",
    staged(async ({ box, pullAll }, context) => {
      await box.put("extra", letter("extra"));
      const first = await pullAll();
      await provoke(box.removeExtraFolder, context);
      await box.put("inbox", letter("in"));
      const pages = await pullAll(last(first));
      expect(ids(pages)).toEqual(named("in"));
      const told = pages.flatMap(({ warnings }) => warnings);
      expect(told.map(({ code }) => code)).toEqual(["folder_missing"]);
      expect(await pullAll(last(pages))).toEqual([]);
      await provoke(box.makeExtraFolder, context);
      await box.put("extra", letter("back"));
      const back = await pullAll(last(pages));
      expect(ids(back)).toEqual(named("back"));
      expect(back.flatMap(({ warnings }) => warnings).map(({ code }) => code)).not.toContain("folder_missing");
      // It may also be said that it is listed again, until it has been.
      const over = [...told, ...back.flatMap(({ warnings }) => warnings)].map(({ code, folder }) => ({ code, folder }));
      expect(back.flatMap(({ mended = [] }) => mended)).toEqual(over);
      expect(await pullAll(last(back))).toEqual([]);
    }),
  );

  test(
    "after the provider forgot the changes, everything is found again, or the cursor is said to have expired",
    staged(async ({ box, pullAll }, context) => {
      await box.put("inbox", letter(1));
      const first = await pullAll();
      await provoke(box.expireCursor, context);
      await box.put("inbox", letter(2));
      const again = await pullAll(last(first)).catch((error: unknown) => error);
      if (Array.isArray(again)) expect(ids(again)).toEqual(expect.arrayContaining(named(2)));
      else expect(again).toMatchObject({ name: "ConnectorError", kind: "cursor_expired" });
      expect(ids(await pullAll(null)).toSorted()).toEqual(named(1, 2));
    }),
  );

  test(
    "a cursor it did not make has expired",
    staged(async ({ pullAll }) => {
      for (const cursor of [{ nonsense: 1 }, [], "x", 7]) await expectError(pullAll(cursor), "cursor_expired");
    }),
  );
};

const describeBodies = (connector: Connector, harness: Harness): void => {
  const staged = (act: (stage: Stage, context: TestContext) => Promise<void>) => (context: TestContext) =>
    onStage(connector, harness, (stage) => act(stage, context));

  test(
    "raw bytes are exact, and come in the middle of a pull",
    staged(async ({ box, session }, { skip }) => {
      if (harness.exactBytes !== true) return skip(`not applicable: ${harness.exactBytes.notApplicable}`);
      const odd = [
        letter("plain"),
        letter("bytes", "", "\x80\xff\xfe: 8-bit, no charset"),
        letter("dots", "", ".\r\n..\r\n>From nobody\r\nFrom here on\r\n\r\nFrom  \r\n"),
        letter("blank", "X-Odd:   spaces   \r\n\tfolded\r\n", "\r\n\r\n\r\n"),
        letter("long", "", "x".repeat(100_000)),
      ];
      for (const [index, raw] of odd.entries()) await box.put(index === 0 ? "sent" : "inbox", raw);
      const found: Uint8Array[] = [];
      for await (const { messages } of session.pull(null)) {
        for (const { ref } of messages) found.push((await session.fetchRaw(ref, { maxBytes: 1e6 })) as Uint8Array);
      }
      const texts = (all: readonly Uint8Array[]): string[] => all.map((bytes) => Buffer.from(bytes).toString("latin1")).toSorted();
      expect(texts(found)).toEqual(texts(odd));
    }),
  );

  test(
    "a body over the limit is refused, one that is gone is gone, and so is a ref of nobody's",
    staged(async ({ box, tools, session, pullAll }) => {
      await box.put("inbox", letter("large", "", "x".repeat(50_000)));
      await box.put("inbox", letter("small"));
      const messages = (await pullAll()).flatMap((page) => page.messages);
      const refOf = (name: string): string => messages.find((message) => idOf(message) === `<${name}@sales.example>`)?.ref ?? "";
      await expectError(session.fetchRaw(refOf("large"), { maxBytes: 20_000 }), "rejected");
      expect(await session.fetchRaw(refOf("small"), { maxBytes: 20_000 })).toBeInstanceOf(Uint8Array);
      if (box.keepsOpenFolder) await session.close();
      await box.remove("<small@sales.example>");
      const later = box.keepsOpenFolder ? await connector.open(box.inbox, tools) : session;
      expect(await later.fetchRaw(refOf("small"), { maxBytes: 20_000 })).toBe("gone");
      expect(await later.fetchRaw("nobody's", { maxBytes: 20_000 })).toBe("gone");
      await later.close();
    }),
  );

  test(
    "a message is found by its Message-ID in whatever folder it lies, as a pull tells it, and one that is nowhere is not",
    staged(async ({ box, session, pullAll }, { skip }) => {
      if (!session.find) return skip("not applicable: the provider cannot be asked");
      for (const folder of ["inbox", "sent", "junk", "extra"] as const) await box.put(folder, letter(`o'${folder}`));
      const told = (await pullAll()).flatMap((page) => page.messages);
      for (const envelope of told)
        expect(await session.find(idOf(envelope))).toEqual([
          { envelope: expect.objectContaining({ ref: envelope.ref, folder: envelope.folder }), watched: true },
        ]);
      expect(told).toHaveLength(4);
      expect(await session.find("<nowhere@sales.example>")).toEqual([]);
      await box.remove(idOf(told[0] as Envelope));
      expect(await session.find(idOf(told[0] as Envelope))).toEqual([]);
    }),
  );

  test(
    "nothing the connector does changes the mailbox",
    staged(async ({ box, tools, session, pullAll }) => {
      for (const folder of ["inbox", "sent", "junk", "extra"] as const) await box.put(folder, letter(folder));
      const before = await box.snapshot();
      await connector.signIn(box.inbox, tools);
      for (const { messages } of await pullAll()) for (const { ref } of messages) await session.fetchRaw(ref, { maxBytes: 1e6 });
      await session.find?.("<inbox@sales.example>");
      await connector.probe(box.inbox, tools);
      const stop = await session.watch?.(() => {});
      await stop?.();
      expect(await box.snapshot()).toBe(before);
    }),
  );
};

const describeFailures = (connector: Connector, harness: Harness): void => {
  const failing = (
    title: string,
    pick: (box: TestMailbox) => Trouble,
    check: (work: () => Promise<Page[]>, box: TestMailbox) => Promise<void>,
  ): void => {
    test(title, (context) =>
      onStage(connector, harness, async ({ box, tools, logged }) => {
        await box.put("inbox", letter(1));
        await provoke(pick(box), context);
        const attempt = async (): Promise<Page[]> => {
          const session = await connector.open(box.inbox, tools);
          return collect(session.pull(null)).finally(() => session.close());
        };
        await check(attempt, box);
        const error = await thrownBy(attempt());
        const said =
          logged.join() +
          JSON.stringify(error, Object.getOwnPropertyNames(error ?? {})) +
          String(error instanceof Error ? error.stack : "");
        for (const word of box.secretWords) expect(said, "secrets are never told").not.toContain(word);
        await box.recover();
        expect(ids(await attempt()), "the failure leaves nothing behind").toEqual(named(1));
      }),
    );
  };

  failing(
    "secrets that are refused: auth",
    (box) => box.refuseSecrets,
    (work) => expectError(work(), "auth"),
  );
  failing(
    "asked to wait: rate_limited, with the time asked for",
    (box) => box.askToWait.begin,
    async (work, box) => {
      expect(await thrownBy(work())).toMatchObject({
        name: "ConnectorError",
        kind: "rate_limited",
        retryAfterMs: box.askToWait.seconds * 1000,
      });
    },
  );
  failing(
    "a provider that fails: unavailable",
    (box) => box.fail,
    (work) => expectError(work(), "unavailable"),
  );
  failing(
    "a connection that is reset: unavailable",
    (box) => box.resetConnections,
    (work) => expectError(work(), "unavailable"),
  );

  test("an abort stops what hangs within a second, with the signal's reason", async (context) => {
    const stop = new AbortController();
    await onStage(
      connector,
      harness,
      async ({ box, session }) => {
        await box.put("inbox", letter(1));
        await provoke(box.hang, context);
        setTimeout(() => stop.abort(new Error("the turn is over")), 100);
        const began = Date.now();
        await expect(collect(session.pull(null))).rejects.toThrow("the turn is over");
        expect(Date.now() - began).toBeLessThan(1100);
      },
      { signal: stop.signal },
    );
  });

  test("an abort between two pages ends the pull", async () => {
    const stop = new AbortController();
    await onStage(
      connector,
      harness,
      async ({ box, session }) => {
        for (let n = 1; n <= 230; n++) await box.put("inbox", letter(n));
        let ref = "";
        const pulling = (async () => {
          for await (const { messages } of session.pull(null)) {
            ref = messages[0]?.ref ?? "";
            stop.abort(new Error("the turn is over"));
          }
        })();
        await expect(pulling).rejects.toThrow("the turn is over");
        await expect(session.fetchRaw(ref, { maxBytes: 1e6 })).rejects.toThrow("the turn is over");
      },
      { signal: stop.signal },
    );
  }, 60_000);
};

const describeSurface = (connector: Connector, harness: Harness): void => {
  test("its description draws a form: a label, limits as sentences, settings and secrets as JSON Schema", () => {
    const { label, limits, settings, secrets } = connector.describe;
    expect(label).not.toBe("");
    for (const { code, text } of limits) expect(`${code} ${text}`).toMatch(/^[a-z_]+ [A-Z].*\.$/);
    for (const schema of [settings, secrets]) {
      const { properties } = z.toJSONSchema(schema, { io: "input" });
      for (const [name, property] of Object.entries(properties ?? {}))
        expect(property, name).toMatchObject({ description: expect.any(String) });
    }
  });

  test("signing in tells the addresses and the folders, with Sent among them", async () => {
    await onStage(connector, harness, async ({ box, tools }) => {
      for (const folder of ["sent", "inbox"] as const) await box.put(folder, letter(folder));
      const { address, addresses, folders, warnings } = await connector.signIn(box.inbox, tools);
      expect(addresses).toContain(address);
      const roles = folders.map(({ role }) => role);
      expect(roles).toContain("sent");
      expect(
        roles.some((role) => role === "inbox" || role === "all"),
        "where mail arrives is watched",
      ).toBe(true);
      expect(warnings).toEqual([]);
    });
  });

  test("a probe answers each assumption with true, false or unknown, and why", async () => {
    await onStage(connector, harness, async ({ box, tools }) => {
      for (const folder of ["sent", "inbox"] as const) await box.put(folder, letter(folder));
      const answers = await connector.probe(box.inbox, tools);
      expect(answers.length).toBeGreaterThan(0);
      for (const { assumption, holds, detail } of answers)
        expect([typeof assumption, typeof detail, [true, false, "unknown"].includes(holds)]).toEqual(["string", "string", true]);
    });
  });

  test("settings of another connector are refused in a sentence", async () => {
    await onStage(connector, harness, async ({ box, tools }) => {
      await expectError(connector.signIn({ ...box.inbox, settings: { nonsense: true } }, tools), "rejected");
    });
  });

  test("a session may be closed twice, and before anything was asked of it", async () => {
    await onStage(connector, harness, async ({ session }) => {
      await session.close();
      await session.close();
    });
  });
};

/** The whole contract, over one connector and one thing that plays its provider. */
export const connectorContract = (provider: string, load: () => Promise<Connector>, harness: Harness): void => {
  describe.skipIf(harness.skipped !== null)(
    `${provider} on ${harness.name} keeps the contract${harness.skipped === null ? "" : ` (SKIPPED: ${harness.skipped})`}`,
    async () => {
      const connector = await load();
      describePulling(connector, harness);
      describeBodies(connector, harness);
      describeFailures(connector, harness);
      describeSurface(connector, harness);
    },
  );
};
