import { describe, expect, it } from "vitest";
import { parseHeaderFields } from "../../src/bounces/header-fields.ts";
import { inspectMail } from "../../src/bounces/inspect-mail.ts";
import { alternatives, LanguageError } from "../../src/bounces/languages.ts";
import { triage } from "../../src/bounces/triage.ts";
import { bytesOf, failedStatus, reportNotice } from "./notices.ts";

/** Subject, the words of a failure and of a delay: our own notices as each language would write them. */
const notices: Record<string, [string, string, string]> = {
  en: [
    "Undeliverable: Offer",
    "Your message could not be delivered to the following recipients.",
    "Your message has not yet been delivered to the following recipients. The server will keep trying.",
  ],
  de: [
    "Unzustellbar: Angebot",
    "Ihre Nachricht konnte nicht an die folgenden Empfänger zugestellt werden.",
    "Die Zustellung Ihrer Nachricht ist verzögert. Sie konnte noch nicht zugestellt werden.",
  ],
  fr: [
    "Non remis : Offre",
    "Votre message n'a pas pu être remis aux destinataires suivants, pour une raison que le serveur donne.",
    "Votre message n'a pas encore été remis aux destinataires. Les tentatives se poursuivent pour une durée limitée.",
  ],
  es: [
    "No se puede entregar: Oferta",
    "Su mensaje no se pudo entregar a los siguientes destinatarios.",
    "Su mensaje se ha retrasado y aún no pudo entregarse a los siguientes destinatarios.",
  ],
  pt: [
    "Não foi possível entregar: Oferta",
    "Sua mensagem não foi entregue para uma ou mais das seguintes pessoas.",
    "A entrega da sua mensagem está atrasada; ainda não foi entregue aos destinatários.",
  ],
  it: [
    "Non recapitabile: Offerta",
    "Il messaggio non è stato recapitato ai seguenti destinatari.",
    "Il messaggio è in ritardo: non è ancora stato possibile consegnare ai destinatari.",
  ],
  nl: [
    "Onbestelbaar: Offerte",
    "Uw bericht kan niet worden bezorgd bij de volgende ontvangers.",
    "Het bericht is vertraagd en kan nog niet worden bezorgd. De server blijft het proberen.",
  ],
  pl: [
    "Niedostarczone: Oferta",
    "Wiadomość nie została dostarczona do adresatów, nie można jej było dostarczyć.",
    "Dostarczenie opóźnia się: wiadomość jeszcze nie została dostarczona do adresatów.",
  ],
  sv: [
    "Olevererbart: Offert",
    "Ditt meddelande kunde inte levereras till följande mottagare.",
    "Ditt meddelande är fördröjt. Det kunde ännu inte levereras till följande mottagare.",
  ],
  da: [
    "Kan ikke leveres: Tilbud",
    "Din meddelelse kunne ikke leveres til følgende modtagere. Meddelelsen blev afvist af serveren.",
    "Din meddelelse er forsinket og kunne endnu ikke leveres til følgende modtagere.",
  ],
  nb: [
    "Kan ikke leveres: Tilbud",
    "Meldingen din kunne ikke leveres til følgende mottakere. Meldingen ble avvist av serveren.",
    "Meldingen din er forsinket og kunne ennå ikke leveres til følgende mottakere.",
  ],
  fi: [
    "Toimittaminen epäonnistui: Tarjous",
    "Viestiä ei voitu toimittaa seuraaville vastaanottajille.",
    "Viestin toimitus viivästyy: viestiä ei ole vielä voitu toimittaa vastaanottajille.",
  ],
  cs: [
    "Nedoručitelné: Nabídka",
    "Vaši zprávu nebylo možné doručit následujícím příjemcům.",
    "Doručení se zpožďuje: vaši zprávu se dosud nepodařilo doručit příjemcům.",
  ],
  tr: [
    "Teslim edilemedi: Teklif",
    "İletiniz aşağıdaki alıcılara teslim edilemedi.",
    "İletiniz gecikiyor: ileti aşağıdaki alıcılara henüz ulaşmadı ve denemeye devam edilecek.",
  ],
  ru: [
    "Не удалось доставить: Предложение",
    "Ваше сообщение не было доставлено следующим получателям.",
    "Доставка вашего сообщения задерживается, попытки будут продолжены.",
  ],
  uk: [
    "Не вдалося доставити: Пропозиція",
    "Ваше повідомлення не вдалося доставити таким одержувачам.",
    "Доставка вашого повідомлення затримується, спроби доставити його тривають.",
  ],
  ja: [
    "配信不能: 見積もり",
    "このメッセージは次の受信者に配信できませんでした。",
    "メッセージの配信が遅延しています。サーバーは再送を続けます。",
  ],
  zh: ["无法送达: 报价", "您的邮件无法送达以下收件人。", "您的邮件投递延迟，服务器将继续尝试。"],
  ko: [
    "배달되지 않음: 견적",
    "메시지를 다음 받는 사람에게 배달할 수 없습니다.",
    "메시지 배달이 지연되고 있습니다. 서버가 계속 시도합니다.",
  ],
};

const encoded = (subject: string): string => `=?utf-8?B?${Buffer.from(subject).toString("base64")}?=`;

const text = (subject: string, words: string, from: string, charset = "utf-8") =>
  bytesOf(`Return-Path: <>
From: ${from}
To: anna@sales.example
Subject: ${encoded(subject)}
Date: Wed, 25 Nov 2026 16:00:00 +0000
Content-Type: text/plain; charset=${charset}
Content-Transfer-Encoding: base64

${Buffer.from(`${words}\n\njan@customer.example\n`).toString("base64")}
`);

const daemon = "Mail Delivery System <MAILER-DAEMON@mx.customer.example>";

const facts = (bytes: Uint8Array) => {
  const { kind, recipients, language } = inspectMail(bytes);
  return { kind, language, recipients: recipients.map(({ address, type }) => `${address} ${type}`) };
};

describe.each(Object.entries(notices))("a notice in %s", (language, [subject, failed, delayed]) => {
  it("is read from its status part, and its language told", () => {
    const bytes = reportNotice({ type: "multipart/report; report-type=delivery-status", prose: failed, status: failedStatus() });
    const utf8 = Buffer.from(Buffer.from(bytes).toString("utf8").replace("charset=us-ascii", "charset=utf-8"));
    expect(facts(utf8)).toEqual({ kind: "failure", language, recipients: ["jan@customer.example hard"] });
  });

  it("is read from its text alone", () => {
    expect(facts(text(subject, failed, daemon))).toEqual({ kind: "failure", language, recipients: ["jan@customer.example hard"] });
  });

  it("is read from its text where an empty return path is the only sign of a machine", () => {
    expect(facts(text(subject, failed, "server@customer.example")).kind).toBe("failure");
  });

  it("that says the message is late is a delay", () => {
    expect(facts(text(subject, delayed, daemon))).toEqual({ kind: "delay", language, recipients: ["jan@customer.example pending"] });
  });

  it("is suspected by its subject alone", () => {
    const headers = parseHeaderFields(bytesOf(`From: server@customer.example\nSubject: ${encoded(subject)}\n\n`));
    const envelope = { ref: "", folder: "INBOX", role: "inbox" as const, headers, receivedAt: null, size: null, threadId: null, hints: {} };
    const judged = triage(envelope, { ownAddresses: new Set(), sentById: () => null });
    expect(judged.because.map(({ step }) => step)).toEqual(["notice_subject"]);
  });

  it("is none where a person answers under such a subject", () => {
    const letter = text(`Re: ${subject}`, failed, "Jan <jan@customer.example>");
    const own = Buffer.from(
      Buffer.from(letter).toString("latin1").replace("Return-Path: <>", "Return-Path: <jan@customer.example>"),
      "latin1",
    );
    expect(inspectMail(own).verdict).toBe("not_bounce");
  });
});

describe("the table of languages", () => {
  const fine = { words: "", subjects: ["a"], failed: ["a"], delayed: ["a"] };

  it("names the language whose pattern is broken, or matches anything", () => {
    expect(() => alternatives("failed", { xx: { ...fine, failed: ["(a"] } })).toThrow(LanguageError);
    expect(() => alternatives("failed", { xx: { ...fine, failed: ["(a"] } })).toThrow('languages.json, xx, "failed"');
    expect(() => alternatives("subjects", { yy: { ...fine, subjects: ["a|"] } })).toThrow(
      'languages.json, yy, "subjects": it matches an empty text',
    );
  });
});
