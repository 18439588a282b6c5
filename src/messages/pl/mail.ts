import type { mail as en } from "../en/mail.ts";

/** Mail to the owners of inboxes. */
export const mail: Record<keyof typeof en, string> = {
  "mail.reminder.subject": "Połącz ponownie {address}",
  "mail.reminder.body":
    "Dzień dobry,\n\nBounceline nie może już czytać skrzynki {address}, więc odrzucenia Twoich wiadomości pozostają niezauważone.\n\n{meaning}\n\nTutaj zobaczysz, co zrobić:\n{link}\n\nTę wiadomość otrzymujesz od razu, po 3 i po 7 dniach, potem już nie.\n",
  "mail.digest.subject": "Odrzucenia od {date}: {n}",
  "mail.digest.body":
    "Dzień dobry, {name},\n\nte wiadomości nie dotarły do odbiorców:\n\n{list}\n\nWszystkie, wraz z tym, co zrobić:\n{link}\n\nTo podsumowanie włączono w Twoich ustawieniach i tam można je wyłączyć.\n",
  "mail.digest.line": "{title}\n  {address} · „{subject}”\n  → {action}",
  "mail.digest.more": "… i jeszcze {n}",
  "me.digest": "Wysyłaj mi w dni robocze o 8 podsumowanie moich odrzuceń",
};
