import type { sends as en } from "../en/sends.ts";

/** Sends: who got one, and what came back. */
export const sends: Record<keyof typeof en, string> = {
  "nav.sends": "Wysyłki",

  "sends.title": "Wysyłki",
  "sends.empty":
    "Nie ma jeszcze wysyłek. Zgłaszaj przez API, co wysyła Twój system mailingowy (POST /v1/sent-messages z polem sendId), a tutaj pojawią się odbiorcy każdej wysyłki.",
  "sends.send": "Wysyłka",
  "sends.subject": "Temat",
  "sends.lastSent": "Ostatnia wiadomość",
  "sends.older": "Starsze wysyłki",

  "send.messageTitle": "Wiadomość i jej odbiorcy",
  "send.sentAt": "Wysłano",
  "send.from": "Nadawca",
  "send.figures": "W liczbach",
  "send.sent": "Wysłano",
  "send.bounced": "Odrzucone: {n} z {total} ({percent})",
  "send.recipients": "Odbiorcy",
  "send.all": "Wszyscy",
  "send.onlyBounced": "Odrzuceni",
  "send.recipient": "Odbiorca",
  "send.state": "Stan",
  "send.reason": "Powód",
  "send.details": "Szczegóły",
  "send.nothing": "Nic nie wróciło",
  "send.noneAll": "Ta wysyłka nie ma odbiorców.",
  "send.noneBounced": "Od żadnego odbiorcy nic nie wróciło. Pokaż wszystkich, aby zobaczyć, do kogo wysłano.",
  "send.more": "Kolejni odbiorcy",
  "send.csv": "Pobierz jako CSV",
};
