import type { XmlElement } from "../shared/read-xml.ts";

/** The name without its prefix, which every server may choose. */
export const localName = ({ name }: XmlElement): string => name.slice(name.indexOf(":") + 1);

/** The first child of that name. */
export const child = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  element?.children.find((each) => localName(each) === name);

/** The element at the end of a path of names. */
export const at = (element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined =>
  path.reduce<XmlElement | undefined>(child, element);

/** The text at the end of a path; null where the element is not there. */
export const textAt = (element: XmlElement | undefined, ...path: readonly string[]): string | null => at(element, ...path)?.text ?? null;

/** An instant as XML writes it, epoch milliseconds; null where there is none. */
export const instantAt = (element: XmlElement | undefined, ...path: readonly string[]): number | null => {
  const time = Date.parse(textAt(element, ...path) ?? "");
  return Number.isNaN(time) ? null : time;
};
