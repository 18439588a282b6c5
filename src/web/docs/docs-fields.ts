import type { OpenApi, Schema } from "../../api/open-api.ts";
import { type Html, html } from "../page/html.ts";

type Schemas = OpenApi["components"]["schemas"];

/** The fields of what is sent or answered, each with its type and what it means; what lies in them folds out. */
export const fieldsOf = (schema: Schema, schemas: Schemas): Html => {
  const shape = resolve(schema, schemas);
  if (shape.anyOf) return html`<p>One of:</p><ul class="fields">${shape.anyOf.map((one) => html`<li>${fieldsOf(one, schemas)}</li>`)}</ul>`;
  const fields = Object.entries(shape.properties ?? {});
  if (fields.length === 0) return html`<p>${shape.description ?? capital(typeOf(shape, schemas))}</p>`;
  return html`<ul class="fields">${fields.map(([name, field]) => fieldOf(name, field, shape.required?.includes(name) === true, schemas))}</ul>`;
};

/** One field or parameter. */
export const fieldOf = (name: string, field: Schema, required: boolean, schemas: Schemas): Html => {
  const inside = insideOf(resolve(field, schemas), schemas);
  const meaning = field.description ?? resolve(field, schemas).description;
  const head = html`<code>${name}</code> <span class="quiet">${typeOf(field, schemas)}${!required && ", optional"}${meaning && " ·"}</span>${meaning && html` ${meaning}`}`;
  if (!inside) return html`<li>${head}</li>`;
  return html`<li><details><summary>${head}</summary>${fieldsOf(inside, schemas)}</details></li>`;
};

const resolve = (schema: Schema, schemas: Schemas): Schema => {
  const name = schema.$ref?.split("/").at(-1);
  return name === undefined ? schema : (schemas[name] ?? schema);
};

/** The shape within an object, a list, or something that may be null; null where there are no fields. */
const insideOf = (schema: Schema, schemas: Schemas): Schema | null => {
  if (schema.items) return insideOf(resolve(schema.items, schemas), schemas);
  const kinds = (schema.anyOf ?? []).filter((one) => one.type !== "null").map((one) => resolve(one, schemas));
  const [only] = kinds;
  if (kinds.length === 1 && only) return insideOf(only, schemas);
  if (kinds.some((kind) => insideOf(kind, schemas))) return { anyOf: kinds };
  if (schema.properties) return schema;
  return typeof schema.additionalProperties === "object" ? insideOf(resolve(schema.additionalProperties, schemas), schemas) : null;
};

const nouns: Record<string, string> = {
  integer: "whole number",
  boolean: "true or false",
  "date-time": "time",
  email: "e-mail address",
  uri: "address",
};

/** A type in words, with what limits it: "list of text, 1 to 50", "hard or soft", "text or null". */
const typeOf = (schema: Schema, schemas: Schemas): string => {
  const name = schema.$ref?.split("/").at(-1);
  if (name !== undefined) return name;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return inWords(schema.enum.map((value) => (value === null ? "null" : String(value)))) + ofDefault(schema);
  if (schema.anyOf) return inWords([...new Set(schema.anyOf.map((one) => typeOf(one, schemas)))]);
  const types = [schema.type ?? "anything"].flat();
  return inWords(types.map((type) => (type === "null" ? "null" : limited(noun(type, schema, schemas), type, schema)))) + ofDefault(schema);
};

const noun = (type: string, schema: Schema, schemas: Schemas): string => {
  if (type === "array") return `list of ${schema.items ? typeOf(schema.items, schemas) : "anything"}`;
  if (type === "string") return nouns[schema.format ?? ""] ?? "text";
  if (type === "object" && typeof schema.additionalProperties === "object" && Object.keys(schema.additionalProperties).length > 0)
    return `object of ${typeOf(schema.additionalProperties, schemas)}`;
  return nouns[type] ?? type;
};

const limited = (words: string, type: string, schema: Schema): string => {
  const [least, most, unit] =
    type === "array"
      ? [schema.minItems, schema.maxItems, ""]
      : type === "string"
        ? [schema.minLength, schema.maxLength, " characters"]
        : [schema.minimum, schema.maximum, ""];
  if (most !== undefined) return `${words}, ${least === undefined ? "at most" : `${number(least)} to`} ${number(most)}${unit}`;
  return least === undefined || (type === "string" && least === 1) ? words : `${words}, at least ${number(least)}${unit}`;
};

const ofDefault = (schema: Schema): string =>
  schema.default === undefined || schema.default === "" ? "" : `, ${JSON.stringify(schema.default)} by default`;

const number = (value: number): string => value.toLocaleString("en");

const inWords = (words: readonly string[]): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;

const capital = (words: string): string => `${words.slice(0, 1).toUpperCase()}${words.slice(1)}.`;
