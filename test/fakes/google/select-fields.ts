/** The `fields` parameter ("Performance tips", partial response): `id,payload/headers,history(id,messagesAdded)`. */

type Tree = { [name: string]: Tree };

const split = (text: string): string[] => {
  const parts: string[] = [""];
  let depth = 0;
  for (const character of text) {
    depth += character === "(" ? 1 : character === ")" ? -1 : 0;
    if (character === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts;
};

const parse = (text: string): Tree => {
  const tree: Tree = {};
  for (const part of text === "" ? [] : split(text)) {
    const [, name, path, group] = /^([^/(]+)(?:\/(.+)|\((.+)\))?$/s.exec(part) ?? [];
    if (name === undefined) throw new Error(`"${part}" is no selector of fields`);
    tree[name] = { ...tree[name], ...parse(path ?? group ?? "") };
  }
  return tree;
};

const pick = (value: unknown, tree: Tree): unknown => {
  if (Object.keys(tree).length === 0 || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => pick(item, tree));
  const entries = Object.entries(value).filter(([name]) => Object.hasOwn(tree, name));
  return Object.fromEntries(entries.map(([name, each]) => [name, pick(each, tree[name] ?? {})]));
};

/** The part of an answer that was asked for; all of it where nothing was said. */
export const selectFields = (answer: unknown, fields: string | null): unknown => (fields === null ? answer : pick(answer, parse(fields)));
