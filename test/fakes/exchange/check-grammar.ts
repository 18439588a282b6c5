import { RelaxNGValidator, XmlDocument, XmlValidateError } from "libxml2-wasm";
import { grammarOf, request, response } from "./ews-grammar.ts";

const validatorOf = (pattern: string): RelaxNGValidator => RelaxNGValidator.fromDoc(XmlDocument.fromString(grammarOf(pattern)));

const validators = { request: validatorOf(request), answer: validatorOf(response) };

/** What is wrong with a document by the grammar of what it should be; nothing where it fits. */
export const problemsOf = (kind: keyof typeof validators, xml: string): string[] => {
  let document: XmlDocument | null = null;
  try {
    document = XmlDocument.fromString(xml);
    validators[kind].validate(document);
    return [];
  } catch (error) {
    const details = error instanceof XmlValidateError ? error.details.map(({ message }) => message.trim()).join(" ") : String(error);
    return [`${kind}: ${details}`];
  } finally {
    document?.dispose();
  }
};
