/** An element of an XML document. `text`: what stands directly in it, without spaces around. */
export type XmlElement = { name: string; attributes: ReadonlyMap<string, string>; children: readonly XmlElement[]; text: string };

const maxDepth = 20;
const token =
  /<\?.*?\?>|<!--.*?-->|<!\[CDATA\[(?<data>.*?)\]\]>|<\/(?<end>[\w:.-]+)\s*>|<(?<start>[\w:.-]+)(?<attributes>(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(?<empty>\/?)>|(?<words>[^<]+)/sy;
const attribute = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const entities: { readonly [name: string]: string } = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

const decode = (text: string): string =>
  text.replace(/&(?:#x([\da-f]{1,5})|#(\d{1,6})|(\w+));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return entities[name] ?? whole;
    return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16));
  });

const readAttributes = (text: string): Map<string, string> =>
  new Map([...text.matchAll(attribute)].map(([, name = "", double, single]) => [name, decode(double ?? single ?? "")]));

type Open = { name: string; attributes: Map<string, string>; children: XmlElement[]; text: string };

/**
 * The root element of a small XML document (XML 1.0), or null where it is not well-formed. Strict, and less than XML allows: no
 * DOCTYPE, so that no entity can be declared and nothing from elsewhere is read in.
 */
export const readXml = (document: string): XmlElement | null => {
  const text = document.replace(/^\uFEFF/, "").trim();
  const root: Open = { name: "", attributes: new Map(), children: [], text: "" };
  const open: Open[] = [root];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const found = token.exec(text)?.groups;
    const at = open.at(-1);
    if (!found || !at) return null;
    if (found.words !== undefined || found.data !== undefined) at.text += found.data ?? decode(found.words ?? "");
    if (found.start !== undefined) {
      const element = { name: found.start, attributes: readAttributes(found.attributes ?? ""), children: [], text: "" };
      at.children.push(element);
      if (found.empty !== "/") open.push(element);
      if (open.length > maxDepth) return null;
    }
    if (found.end !== undefined) {
      if (open.length < 2 || at.name !== found.end) return null;
      at.text = at.text.trim();
      open.pop();
    }
  }
  const [only, ...more] = root.children;
  return open.length === 1 && only && more.length === 0 && root.text.trim() === "" ? only : null;
};
