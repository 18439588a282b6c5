import type { FastifyRequest } from "fastify";

/** A file somebody sent with a form. */
export type SentFile = { name: string; bytes: Uint8Array };

type Form = { [name: string]: string | SentFile };

const unquoted = (header: string, parameter: string): string | null =>
  new RegExp(`;\\s*${parameter}="((?:[^"\\\\\\r\\n]|\\\\.)*)"`, "i").exec(header)?.[1] ?? null;

/**
 * The fields of a form with a file (RFC 7578), as browsers send it: each part's name in quotes, nothing encoded, nothing nested. Throws
 * where it is anything else.
 */
export const readForm = (contentType: string, body: Buffer): Form => {
  const boundary = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType);
  const delimiter = `--${boundary?.[1] ?? boundary?.[2] ?? ""}`;
  if (!boundary || !body.subarray(0, delimiter.length).equals(Buffer.from(delimiter))) throw new Error("not a form");
  const form: Form = {};
  let at = delimiter.length;
  while (body.subarray(at, at + 2).toString("latin1") === "\r\n") {
    const headEnd = body.indexOf("\r\n\r\n", at);
    const end = body.indexOf(`\r\n${delimiter}`, Math.max(headEnd, at));
    if (headEnd < 0 || end < 0) throw new Error("a form that ends too soon");
    const head = body.subarray(at + 2, headEnd).toString("utf8");
    const name = unquoted(head, "name");
    if (name === null) throw new Error("a field without a name");
    const bytes = body.subarray(Math.min(headEnd + 4, end), end);
    const file = unquoted(head, "filename");
    form[name] = file === null ? bytes.toString("utf8") : { name: file, bytes };
    at = end + 2 + delimiter.length;
  }
  if (body.subarray(at, at + 2).toString("latin1") !== "--") throw new Error("a form without an end");
  return form;
};

/** The file of a form that was sent; null where none was chosen. */
export const fileOf = ({ body }: FastifyRequest, name: string): SentFile | null => {
  const value = (body as Form | null)?.[name];
  return typeof value === "object" && value.bytes.length > 0 ? value : null;
};
