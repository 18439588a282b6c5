import { z } from "zod";
import { engagementText } from "../messages/engagement-text.ts";
import { type Language, pickLanguage } from "../messages/text.ts";
import { engagementBody } from "../store/engagement-body.ts";
import type { Engagement } from "../store/engagements.ts";
import { type NoticeLink, noticeLinks } from "../sync/notice-links.ts";
import type { ApiDeps } from "./deps.ts";
import { rfc3339 } from "./rfc3339.ts";
import { type engagement, language, page } from "./shapes.ts";

const expandable = ["sentMessage", "notice"] as const;
type Expand = ReadonlySet<(typeof expandable)[number]>;

/** Query fields of every answer that holds engagements. */
export const engagementQuery = {
  ...page,
  language,
  expand: z
    .string()
    .default("")
    .transform((list, context): Expand => {
      const names = list.split(",").filter((name) => name !== "");
      const strange = names.find((name) => !(expandable as readonly string[]).includes(name));
      if (strange !== undefined) context.addIssue({ code: "custom", message: `expand takes ${expandable.join(" and ")}, not ${strange}` });
      return new Set(names) as Expand;
    })
    .describe("sentMessage, notice, or both with a comma between."),
};

/** The reader's language: the query's, else the browser's. */
export const languageOf = (request: {
  query: { language?: string | undefined };
  headers: { "accept-language"?: string | undefined };
}): Language => pickLanguage(request.query.language, request.headers["accept-language"]);

/** An engagement as the API gives it: its body, the words for it in the reader's language, and what was asked for beside it. */
export const presentEngagement = (
  row: Engagement,
  wish: Language,
  expand: Expand,
  links: ReadonlyMap<string, Pick<NoticeLink, "url">>,
): z.infer<typeof engagement> => ({
  ...engagementBody(row),
  text: engagementText(wish, row),
  ...(expand.has("sentMessage") && {
    sentMessage: {
      ...row.sentMessage,
      sentAt: rfc3339(row.sentMessage.sentAt),
      metadata: row.sentMessage.metadata as Record<string, unknown>,
    },
  }),
  ...(expand.has("notice") && { notice: row.notice && presentNotice(row.notice, links.get(row.noticeId ?? "")?.url ?? null) }),
});

const presentNotice = ({ receivedAt, folder, format }: NonNullable<Engagement["notice"]>, openUrl: string | null) => ({
  receivedAt: rfc3339(receivedAt),
  folder,
  format,
  openUrl,
  openableBy: openUrl === null ? null : ("owner" as const),
});

/** Engagements as the API gives them; the notices' links are looked up where notices were asked for. */
export const presentEngagements = async (
  { database, describe }: Pick<ApiDeps, "database" | "describe">,
  accountId: string,
  rows: readonly Engagement[],
  wish: Language,
  expand: Expand,
): Promise<z.infer<typeof engagement>[]> => {
  const ids = expand.has("notice") ? rows.map((row) => row.noticeId) : [];
  const links = await noticeLinks(database.read, describe, accountId, ids);
  return rows.map((row) => presentEngagement(row, wish, expand, links));
};
