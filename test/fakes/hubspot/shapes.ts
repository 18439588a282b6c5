/**
 * What HubSpot takes and gives, for the calls we make, as JSON schemas: written by hand after the shapes of its reference
 * (https://developers.hubspot.com/docs/api-reference/crm-emails-v3/guide, crm-contacts-v3/guide, crm-properties-v3/guide) and
 * partly after its published objects.json (v3); not checked against the live service. Its npm package holds no OpenAPI file.
 */
import { Ajv } from "ajv";

const values = { type: "object", additionalProperties: { type: "string" } };
const text = { type: "string", minLength: 1 };

const association = {
  type: "object",
  required: ["to", "types"],
  additionalProperties: false,
  properties: {
    to: { type: "object", required: ["id"], additionalProperties: false, properties: { id: { type: "string", pattern: "^\\d+$" } } },
    types: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        required: ["associationCategory", "associationTypeId"],
        additionalProperties: false,
        properties: {
          associationCategory: { enum: ["HUBSPOT_DEFINED", "USER_DEFINED", "INTEGRATOR_DEFINED"] },
          associationTypeId: { type: "integer" },
        },
      },
    },
  },
};

const object = (required: readonly string[], properties: object) => ({ type: "object", required, additionalProperties: false, properties });

const shapes = {
  create: object(["properties"], { properties: values, associations: { type: "array", items: association } }),
  update: object(["properties"], { properties: values }),
  group: object(["name", "label"], { name: text, label: text, displayOrder: { type: "integer" } }),
  property: object(["name", "label", "groupName", "type", "fieldType"], {
    name: { type: "string", pattern: "^[a-z][a-z0-9_]*$" },
    label: text,
    groupName: text,
    type: { enum: ["string", "number", "date", "datetime", "enumeration", "bool"] },
    fieldType: { enum: ["textarea", "text", "date", "file", "number", "select", "radio", "checkbox", "booleancheckbox"] },
    hasUniqueValue: { type: "boolean" },
    formField: { type: "boolean" },
  }),
  /** The values of an e-mail: "Properties" and "Set email headers" of the guide. */
  email: {
    type: "object",
    properties: {
      hs_timestamp: { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$|^\\d{13}$" },
      hs_email_direction: { enum: ["EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL"] },
      hs_email_status: { enum: ["BOUNCED", "FAILED", "SCHEDULED", "SENDING", "SENT"] },
      hs_email_subject: { type: "string" },
      hs_email_headers: { type: "string", pattern: '^\\{"from":\\{"email":' },
      hs_email_bounce_error_detail_message: { type: "string" },
      hs_email_bounce_error_detail_status_code: { type: "string", pattern: "^\\d*$" },
      bounceline_bounce_state: { type: "string" },
      bounceline_bounce_detail: { type: "string" },
      bounceline_engagement_id: { type: "string", pattern: "^eng_" },
    },
    additionalProperties: false,
  },
};

const ajv = new Ajv({ strict: true });
const checks = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, ajv.compile(shape)]));

/** What is wrong with a value, or null. */
export const wrongWith = (shape: keyof typeof shapes, value: unknown): string | null => {
  const check = checks[shape];
  return check?.(value) ? null : `${shape}: ${ajv.errorsText(check?.errors)}`;
};
