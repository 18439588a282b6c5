import { z } from "zod";
import type { Json } from "../../ports/connector.ts";
import { idProperty } from "./email-properties.ts";

/** HubSpot's own field for why a contact bounced. Where it can be written, and with which options, is each portal's affair. */
export const hardBounceEnum = "hs_email_hard_bounce_reason_enum";

/** What was found out about a portal: whether our properties are there, what it does not let us write, and the enum's options. */
export type Portal = { prepared: boolean; refused: string[]; hardBounceOptions: string[] };

const portalShape = z.object({ prepared: z.boolean(), refused: z.array(z.string()), hardBounceOptions: z.array(z.string()) });

/** What was remembered of a portal, or nothing. */
export const readPortal = (memory: Json): Portal => {
  const known = portalShape.safeParse(memory);
  return known.success ? known.data : { prepared: false, refused: [], hardBounceOptions: [] };
};

/** Our properties, by the object they belong to. */
export const ourProperties = {
  emails: [
    property(idProperty, "Bounceline engagement", true),
    property("bounceline_bounce_state", "Bounce state (Bounceline)", false),
    property("bounceline_bounce_detail", "Bounce detail (Bounceline)", false),
  ],
  contacts: [
    property("bounceline_hard_bounce_reason", "Hard bounce reason (Bounceline)", false),
    property("bounceline_bounce_state", "Bounce state (Bounceline)", false),
  ],
} as const;

export const ourGroup = { name: "bounceline", label: "Bounceline", displayOrder: -1 };

/** https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide, "Create a property", "Create unique identifier properties" */
function property(name: string, label: string, hasUniqueValue: boolean) {
  return { name, label, groupName: "bounceline", type: "string", fieldType: "text", hasUniqueValue, formField: false };
}

/** The portal's own option for a category: the one of the same name, else OTHER; null where it has neither. */
export const hardBounceOption = (portal: Portal, category: string): string | null => {
  const like = (name: string) => portal.hardBounceOptions.find((option) => option.toLowerCase().replaceAll(/[^a-z]+/g, "_") === name);
  return like(category) ?? like("other") ?? null;
};
