/** Batches ("Batching requests", Gmail API): several calls as application/http in one multipart/mixed, each with its own outcome. */
import type { Answer } from "./answer.ts";

type Part = { contentId: string; verb: string; path: string };

/** "… you're limited to 100 calls in a single batch request." */
const mostCalls = 100;

const readParts = (body: string, contentType: string): Part[] => {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1] ?? "";
  const pieces = body.split(`--${boundary}`).slice(1, -1);
  return pieces.map((piece) => {
    const contentId = /^content-id:\s*<(.+)>\s*$/im.exec(piece)?.[1] ?? "";
    const [, verb = "", path = ""] = /^(GET|POST|PUT|PATCH|DELETE) (\S+)/m.exec(piece) ?? [];
    return { contentId, verb, path };
  });
};

const asPart = ({ contentId }: Part, { status, body }: Answer): string => {
  const json = JSON.stringify(body);
  const head = `Content-Type: application/http\r\nContent-ID: <response-${contentId}>\r\n\r\n`;
  return `${head}HTTP/1.1 ${status} \r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}\r\n`;
};

/** Answers a batch, each call by `answerOne`. The outer status is 200 whatever the calls came to. */
export const answerBatch = (body: string, contentType: string, answerOne: (verb: string, path: string) => Answer): Answer => {
  const parts = readParts(body, contentType);
  if (parts.length === 0 || parts.length > mostCalls) return { status: 400, body: "The batch request could not be processed." };
  const boundary = "batch_answers";
  const answers = parts.map((part) => `--${boundary}\r\n${asPart(part, answerOne(part.verb, part.path))}`);
  return {
    status: 200,
    body: `${answers.join("")}--${boundary}--`,
    headers: { "content-type": `multipart/mixed; boundary=${boundary}` },
  };
};
