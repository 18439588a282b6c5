/** A query string; the Graph client sends what it is given, so that values are encoded here. */
export const query = (parameters: { readonly [name: string]: string | number | boolean }): string =>
  Object.entries(parameters)
    .map(([name, value], index) => `${index === 0 ? "?" : "&"}${name}=${encodeURIComponent(value)}`)
    .join("");

/** An instant as OData writes it, in whole seconds as Graph stamps mail. */
export const instant = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;
