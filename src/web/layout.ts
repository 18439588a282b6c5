import type { Language } from "../messages/text.ts";
import { type Html, html } from "./html.ts";

/** What every page has around its content. A `wide` one has room for a column beside it, and is in one language only. */
export const layout = (language: Language, title: string, content: Html, { wide = false } = {}): string =>
  `<!doctype html>\n${
    html`<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Bounceline</title>
<link rel="stylesheet" href="/assets/style.css">
<link rel="icon" href="data:,">
</head>
<body>
<a class="skip" href="#content">${language === "pl" ? "Przejdź do treści" : "Skip to content"}</a>
<div class="page${wide && " wide"}">
<header><p class="brand">Bounceline</p>${!wide && languages}</header>
<main id="content">
${content}
</main>
</div>
</body>
</html>
`.markup
  }`;

const languages = html`<p><a lang="en" hreflang="en" href="?language=en">English</a> · <a lang="pl" hreflang="pl" href="?language=pl">Polski</a></p>`;
