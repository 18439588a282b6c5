/**
 * What traces, matches and connectors say (they write English, and so it is stored), in Polish. `$1` keeps what was captured as it
 * is: an address, an id, a server's words. `{1}` stands for the Polish of what was captured, found in either table.
 */
export type Row = readonly [RegExp, string];

const trace: readonly Row[] = [
  // Signs in the header; a field may follow.
  [/^Its Content-Type announces a delivery report\.( .+)?$/, "Pole Content-Type zapowiada raport o doręczeniu.$1"],
  [
    /^Its return path is empty, as RFC 5321 asks of notices\.( .+)?$/,
    "Ścieżka zwrotna jest pusta, jak nakazuje powiadomieniom RFC 5321.$1",
  ],
  [/^Its return path is a mail system's address\.( .+)?$/, "Ścieżka zwrotna to adres systemu pocztowego.$1"],
  [/^Its From names a mail system, not a person\.( .+)?$/, "Pole From wskazuje system pocztowy, a nie człowieka.$1"],
  [/^It has an X-Failed-Recipients field\.( .+)?$/, "Wiadomość ma pole X-Failed-Recipients.$1"],
  [
    /^It has a field that only mail systems' notices carry\.$/,
    "Wiadomość ma pole, które występuje tylko w powiadomieniach systemów pocztowych.",
  ],
  [/^The receiving server saw an empty envelope sender\.$/, "Serwer odbiorczy otrzymał pustego nadawcę koperty."],
  [/^The mail server itself classes it as a report\.$/, "Sam serwer pocztowy zalicza tę wiadomość do raportów."],
  [/^It is a receipt that says a message was rejected\.$/, "To potwierdzenie, które mówi, że wiadomość odrzucono."],
  [
    /^It answers a message of ours, but its sender was no recipient of that message\.$/,
    "To odpowiedź na naszą wiadomość, ale od kogoś, kto nie był jej odbiorcą.",
  ],
  [/^Its subject is one that notices use \(a weak sign\)\.$/, "Taki temat miewają powiadomienia (słaba oznaka)."],
  [
    /^It lies in the sent folder, but a machine wrote it; automatic mail is no sent message\.$/,
    "Wiadomość znajduje się w folderze wysłanych, ale napisał ją automat; takiej poczty nie liczymy jako wysłanej.",
  ],
  [/^It lies in the sent folder\.$/, "Wiadomość znajduje się w folderze wysłanych."],
  [/^Bounceline wrote it to the mailbox's owner\.$/, "Tę wiadomość do właściciela skrzynki napisał Bounceline."],
  [/^It is a report of another kind \((.+)\)\.$/, "To raport innego rodzaju ($1)."],
  [/^It answers a message of ours and comes from one of its recipients\.$/, "To odpowiedź na naszą wiadomość, od jednego z jej odbiorców."],
  [/^Its header shows no sign of a notice\.$/, "W nagłówku nie widać żadnej oznaki powiadomienia."],

  // What kind of message it is.
  [
    /^It reports nothing itself, but passes on another server's report\.$/,
    "Samo powiadomienie niczego nie zgłasza, tylko przekazuje raport innego serwera.",
  ],
  [/^It holds an abuse report \(RFC 5965\)\.$/, "Zawiera zgłoszenie nadużycia (RFC 5965)."],
  [/^It holds a TLS report \(RFC 8460\)\.$/, "Zawiera raport TLS (RFC 8460)."],
  [
    /^It holds a disposition notification \(RFC 8098\): the mailbox took the message\.$/,
    "Zawiera potwierdzenie odczytu (RFC 8098): skrzynka przyjęła wiadomość.",
  ],
  [
    /^It is a disposition notification that says the message was rejected and returns it \(RFC 5429\)\.$/,
    "To potwierdzenie, które mówi, że wiadomość odrzucono, i ją zwraca (RFC 5429).",
  ],
  [
    /^It holds a delivery-status part, but is no report itself, and shows no sign of a machine\.$/,
    "Zawiera część delivery-status, ale sama nie jest raportem i nie widać, by napisał ją automat.",
  ],
  [/^It is a report with a delivery-status part \(RFC 3464, 6533\)\.$/, "To raport z częścią delivery-status (RFC 3464, 6533)."],
  [/^It holds a delivery-status part and shows signs of a machine\.$/, "Zawiera część delivery-status i nosi oznaki automatu."],
  [
    /^It comes from a machine, and the fields of a delivery-status part stand in its text\.$/,
    "Pochodzi od automatu, a w jej tekście są pola części delivery-status.",
  ],
  [
    /^It is read as (\S+): no writer's own opening stands in it\.$/,
    "Odczytano w formacie $1: nie zaczyna się tak, jak pisze któryś ze znanych systemów.",
  ],
  [/^Its words are those of (\S{1,60}) notices: "(.{0,100})" in (.{1,60})\.$/, "Takie słowa piszą powiadomienia $1: „$2” ({3})."],
  [
    /^It says that a message is held until somebody releases it; nothing has failed yet\.$/,
    "Mówi, że wiadomość wstrzymano, dopóki ktoś jej nie zwolni; nic jeszcze nie zawiodło.",
  ],
  [/^It asks the sender to prove to be a person\.$/, "Prosi nadawcę o dowód, że jest człowiekiem."],
  [/^It is an automatic answer: the mailbox took the message\.$/, "To automatyczna odpowiedź: skrzynka przyjęła wiadomość."],
  [/^A person passes on or quotes a notice\.$/, "Ktoś przekazuje albo cytuje powiadomienie."],
  [/^It shows no sign of a notice\.$/, "Nie widać żadnej oznaki powiadomienia."],
  [
    /^It lists the failed recipients in a field and comes from a machine\.$/,
    "Wymienia w polu nagłówka odbiorców, do których nie dotarto, i pochodzi od automatu.",
  ],
  [/^Its header names the mailing list server that wrote it\.$/, "Nagłówek wymienia serwer list dyskusyjnych, który ją napisał."],
  [
    /^It comes from a machine, and its words or its subject tell of a failed delivery\.$/,
    "Pochodzi od automatu, a jej słowa lub temat mówią o nieudanym doręczeniu.",
  ],
  [
    /^It comes from Google's mailer daemon, or lists the failed recipients in a field\.$/,
    "Pochodzi od automatu pocztowego Google albo wymienia w polu nagłówka odbiorców, do których nie dotarto.",
  ],
  [
    /^It comes from Google's mailer daemon, lists the failed recipients in a field, and quotes no server\.$/,
    "Pochodzi od automatu pocztowego Google, wymienia w polu nagłówka odbiorców, do których nie dotarto, i nie cytuje żadnego serwera.",
  ],
  [/^It has Mimecast's own fields or an empty return path\.$/, "Ma pola właściwe Mimecast albo pustą ścieżkę zwrotną."],
  [/^Its header names Zoho Mail\.$/, "Nagłówek wymienia Zoho Mail."],

  // What it says of recipients and of the original.
  [/^It names (\d+) recipients; the first (\d+) are read\.$/, "Liczba wymienionych odbiorców: $1; odczytujemy tylko pierwszych $2."],
  [/^(\S{1,400}), named in (.{1,60}): (failed|delayed|delivered|relayed|expanded); (.{1,400})\.$/, "$1 ({2}): {3}; {4}."],
  [/^(\S{1,400}): (failed|delayed|delivered|relayed|expanded); (.{1,400})\.$/, "$1: {2}; {3}."],
  [/^The original's Message-ID (<.{1,1000}>) stands in the text\.$/, "Message-ID pierwotnej wiadomości ($1) znajduje się w tekście."],
  [
    /^The original's Message-ID (<.{1,1000}>) stands in the part (\S{0,100})\.$/,
    "Message-ID pierwotnej wiadomości ($1) znajduje się w części $2.",
  ],

  // What could not be read.
  [/^It holds no byte\.$/, "Nie zawiera ani jednego bajtu."],
  [/^It has (\d+) bytes; (\d+) are read\.$/, "Rozmiar w bajtach: $1; odczytujemy najwyżej $2."],
  [/^Parts are nested more than (\d+) deep\.$/, "Części są zagnieżdżone głębiej niż $1 razy."],
  [/^It has more than (\d+) parts\.$/, "Liczba części przekracza $1."],
  [/^It has (\d+) header fields; (\d+) are read\.$/, "Liczba pól nagłówka: $1; odczytujemy najwyżej $2."],
  [/^A header field is (\d+) bytes long; (\d+) are read\.$/, "Długość pola nagłówka w bajtach: $1; odczytujemy najwyżej $2."],
  [/^The parser failed: (.*)$/, "Odczyt się nie powiódł, to nasz błąd: $1"],
  [
    /^It took the process down (\d+) times while it was read; set aside\.$/,
    "Podczas odczytu proces padł (tyle razy: $1); wiadomość odłożono.",
  ],
  [
    /^It was read (\d+) times, and what was found could not be saved; set aside\.$/,
    "Odczytano ją (tyle razy: $1), ale nie udało się zapisać wyniku; wiadomość odłożono.",
  ],
  [/^What was found could not be saved\.$/, "Nie udało się zapisać wyniku odczytu."],
  [/^The mailbox lists it, and could not give it\.$/, "Skrzynka ją wymienia, ale nie mogła jej wydać."],
  [/^It exceeds the limit of (\d+) MB; set aside\.$/, "Przekracza limit $1 MB; wiadomość odłożono."],
  [/^It was deleted before it could be opened\.$/, "Usunięto ją, zanim udało się ją otworzyć."],
  [/^It could not be opened in (\d+) attempts: (.+)$/, "Nie udało się jej otworzyć (liczba prób: $1): {2}"],
  [/^It could not be opened \((.+)\); tried again later\.$/, "Nie udało się jej otworzyć ({1}); spróbujemy ponownie później."],
  [/^It could not be opened before; tried again\.$/, "Wcześniej nie udało się jej otworzyć; próbujemy ponownie."],
  [
    /^It was not opened at first; newer rules find signs of a notice in its header\.$/,
    "Początkowo jej nie otwarto; nowsze reguły widzą w nagłówku oznaki powiadomienia.",
  ],
  [/^It was judged again, by parser (\S+) after (\S+)\.$/, "Oceniono ją ponownie, parserem $1 po $2."],
  [/^It is a copy of the notice (\S+), which was kept already\.$/, "To kopia powiadomienia $1, które już zachowano."],
];

const matching: readonly Row[] = [
  [/^(.{1,3000}\.) (Not logged: .{1,100}|Logged on .{1,60})$/, "{1} {2}"],
  [/^Not logged: the account never logs this address or domain\.$/, "Nie zapisano: konto nigdy nie zapisuje tego adresu lub domeny."],
  [/^Logged on the contact with this address\.$/, "Zapisano przy kontakcie z tym adresem."],
  [
    /^Not logged: no contact of the CRM has this address; it will be when one gets it\.$/,
    "Nie zapisano: żaden kontakt w CRM nie ma tego adresu; zapiszemy, gdy któryś go otrzyma.",
  ],
  [/^Logged on a contact made for this address\.$/, "Zapisano przy kontakcie utworzonym dla tego adresu."],
  [
    /^(.{1,3000}\.) (\d{1,9}) to (\S{1,400}) left in the week before; only recipient and time fit\.$/,
    "{1} Wiadomości wysłane na $3 w ciągu poprzedniego tygodnia: $2; zgadzają się tylko odbiorca i czas.",
  ],
  [
    /^(\d+) messages to (\S+) with this subject fit equally; a person has to choose\.$/,
    "Wiadomości do $2 z tym tematem, które pasują tak samo: $1; musi wybrać człowiek.",
  ],
  [
    /^The message was found by (.{1,60}), but (\S{1,400}) was not among its recipients\.$/,
    "Wiadomość znaleziono (na podstawie: {1}), ale $2 nie był wśród jej odbiorców.",
  ],
  [/^Tied by (.{1,60}); (\S{1,400}) is one of its recipients\.$/, "Powiązano na podstawie: {1}; $2 jest wśród odbiorców wiadomości."],
  [
    /^Tied by (.{1,60}); (\S{1,400}) was not written to, but the notice says it stands for (\S{1,400})\.$/,
    "Powiązano na podstawie: {1}; na $2 nie pisano, ale według powiadomienia kryje się on za adresem $3.",
  ],
  [
    /^Tied by (.{1,60}); (\S{1,400}) was not written to, but the message had no other recipient than (\S{1,400})\.$/,
    "Powiązano na podstawie: {1}; na $2 nie pisano, ale jedynym odbiorcą wiadomości był $3.",
  ],
  [/^The notice names no message\.$/, "Powiadomienie nie wskazuje żadnej wiadomości."],
  [
    /^No sent message of this account is known by (<.{1,3800}>)\.$/,
    "Żadna wysłana wiadomość tego konta nie jest znana pod identyfikatorem {1}.",
  ],
  [
    /^(\S{1,400}) was not among the recipients of the message (?:the )?(.{1,300}) chose\.$/,
    "$1 nie był wśród odbiorców wybranej wiadomości (wybór: $2).",
  ],
  [/^(?:the )?(.{1,300}) said that it is about this message\.$/, "Decyzja ($1): powiadomienie dotyczy tej wiadomości."],
  [
    /^(?:the )?(.{1,300}) said that it belongs to none of the account's messages\.$/,
    "Decyzja ($1): powiadomienie nie dotyczy żadnej wiadomości tego konta.",
  ],
];

const anyConnector: readonly Row[] = [
  [/^Something went wrong on our side; it is in the log\.$/, "Coś poszło nie tak po naszej stronie; szczegóły są w dzienniku."],
  [/^something went wrong on our side; it is in the log$/, "coś poszło nie tak po naszej stronie; szczegóły są w dzienniku"],
  [/^it did not answer in time$/, "nie odpowiedziała na czas"],
  [/^This installation has no connector called (.+)\.$/, "Ta instalacja nie ma łącznika o nazwie $1."],
  [/^(\S+) is connected already; look for it among the inboxes\.$/, "Skrzynka $1 jest już połączona; znajdziesz ją wśród skrzynek."],
  [/^You signed in as (\S+); the mailbox to connect is (\S+)\.$/, "Zalogowano się jako $1, a skrzynka do połączenia to $2."],
  [
    /^The provider no longer knew where we had stopped; listed again with an overlap\.$/,
    "Dostawca nie pamiętał już, gdzie skończyliśmy; wczytano listę ponownie, z zakładką.",
  ],
  [
    /^(\d+) messages? of the mailbox had no record here; queued to be read\.$/,
    "Wiadomości ze skrzynki, po których nie było u nas śladu: $1; czekają na odczytanie.",
  ],
  [/^No server called (\S+) was found\. Check the spelling of the host name\.$/, "Nie znaleziono serwera $1. Sprawdź pisownię jego nazwy."],
  [
    /^No address is known for (\S+)\. Check the spelling of the host name\.$/,
    "Serwer $1 nie ma żadnego adresu. Sprawdź pisownię jego nazwy.",
  ],
  [/^The host name is empty\. Enter the name of the mail server\.$/, "Nazwa serwera jest pusta. Podaj nazwę serwera pocztowego."],
  [
    /^(\S+) \((\S+)\) lies inside a private network, and Bounceline connects only to public addresses\. If this server is meant, ask the operator to add \S+ to the setting (\S+)\.$/,
    "$1 ($2) leży w sieci prywatnej, a Bounceline łączy się tylko z adresami publicznymi. Jeśli to ten serwer, poproś operatora, by dodał $1 do ustawienia $3.",
  ],
  [/^The settings of this inbox cannot be used \((.+)\)\. Correct them\.$/, "Ustawień tej skrzynki nie da się użyć ($1). Popraw je."],
  [
    /^The stored position is not one of this connector; the (?:mailbox is|folders are) listed again\.$/,
    "Zapisana pozycja nie pochodzi od tego łącznika; lista wiadomości jest wczytywana od nowa.",
  ],
  [/^The message has more than the (\d+) bytes that are read\.$/, "Wiadomość ma więcej niż $1 bajtów, a tyle najwyżej odczytujemy."],
  [/^The message has (\d+) bytes, more than the (\d+) that are read\.$/, "Rozmiar wiadomości w bajtach: $1; odczytujemy najwyżej $2."],
  [/^(\S+) asks us to slow down\.( It answered: ".*"\.)?$/, "$1 prosi, byśmy zwolnili.{2}"],
  [
    /^(\S{1,300}|Microsoft 365) cannot serve this mailbox at the moment( \(.{1,200}\)|: ".{0,300}")?\.( It answered: ".{0,400}"\.)?$/,
    "$1 nie może teraz obsłużyć tej skrzynki{2}.{3}",
  ],
  [/^The connection to (\S{1,300}) failed( \(.{1,200}\))\.$/, "Połączenie z $1 się nie powiodło{2}."],
];

const imap: readonly Row[] = [
  [/^(\S+) does not answer on port (\d+)\. Check host and port\.$/, "$1 nie odpowiada na porcie $2. Sprawdź nazwę serwera i port."],
  [
    /^(\S+) accepts no connections on port (\d+)\. Check host and port\.$/,
    "$1 nie przyjmuje połączeń na porcie $2. Sprawdź nazwę serwera i port.",
  ],
  [
    /^(\S+) sent far more than it was asked for; the connection was cut\.$/,
    "$1 przysłał znacznie więcej, niż było trzeba; połączenie przerwano.",
  ],
  [
    /^(\S+) took the connection on port (\d+) but never greeted\. Check that the port speaks IMAP, and try the other kind of security\.$/,
    "$1 przyjął połączenie na porcie $2, ale się nie przedstawił. Sprawdź, czy to port IMAP, i spróbuj drugiego rodzaju zabezpieczenia.",
  ],
  [
    /^(\S+) does not speak TLS from the first byte on port (\d+)\. Choose STARTTLS, or port 993\.$/,
    "$1 nie używa TLS od pierwszego bajtu na porcie $2. Wybierz STARTTLS albo port 993.",
  ],
  [
    /^The certificate of (\S+) is made out to another name\. Enter the host name that stands in the certificate\.$/,
    "Certyfikat serwera $1 wystawiono na inną nazwę. Podaj nazwę, która widnieje w certyfikacie.",
  ],
  [
    /^The certificate of (\S+) has expired\. Its operator must renew it\.$/,
    "Certyfikat serwera $1 wygasł. Musi go odnowić operator tego serwera.",
  ],
  [
    /^(\S+) shows another certificate than the one in the settings\. If it was renewed, replace it there; if not, somebody may be listening in\.$/,
    "$1 okazuje inny certyfikat niż ten z ustawień. Jeśli go odnowiono, wymień go w ustawieniach; jeśli nie, ktoś może podsłuchiwać.",
  ],
  [
    /^The certificate of (\S+) is issued by nobody this machine knows \((.+)\)\. If it is your own server's, paste its certificate into the settings\.$/,
    "Certyfikat serwera $1 wystawił ktoś, kogo ten komputer nie zna ($2). Jeśli to Twój serwer, wklej jego certyfikat w ustawieniach.",
  ],
  [
    /^(\S+) offers no encryption \(STARTTLS\) on port (\d+), and a password is never sent in clear text\. Try TLS on port 993\.$/,
    "$1 nie oferuje szyfrowania (STARTTLS) na porcie $2, a hasła nigdy nie wysyłamy otwartym tekstem. Spróbuj TLS na porcie 993.",
  ],
  [
    /^(\S+) takes no password on this connection\. Choose the other kind of security\.$/,
    "$1 nie przyjmuje hasła na tym połączeniu. Wybierz drugi rodzaj zabezpieczenia.",
  ],
  [
    /^The password has expired at (\S+)\. Set a new one there and enter it here\.$/,
    "Hasło na serwerze $1 wygasło. Ustaw tam nowe i wpisz je tutaj.",
  ],
  [
    /^(\S{1,300}) refused user name or password\.( It answered: ".{0,400}"\.)? Check user name and password; many providers ask for an app password in place of the usual one\.$/,
    "$1 nie przyjął nazwy użytkownika lub hasła.{2} Sprawdź je; wielu dostawców wymaga hasła aplikacji zamiast zwykłego.",
  ],
  [
    /^(\S+) speaks POP3 on port (\d+), which shows neither sent mail nor folders\. Enter its IMAP server, usually on port 993\.$/,
    "$1 używa na porcie $2 protokołu POP3, który nie pokazuje poczty wysłanej ani folderów. Podaj serwer IMAP, zwykle na porcie 993.",
  ],
  [
    /^There are as many connections to (\S+) as are allowed at once; this mailbox is polled\.$/,
    "Z serwerem $1 jest już tyle połączeń, ile wolno mieć naraz; do tej skrzynki zaglądamy co jakiś czas.",
  ],
  [
    /^(\S+) does not tell of new mail \(it offers no IDLE\); this mailbox is polled\.$/,
    "$1 nie powiadamia o nowej poczcie (nie oferuje IDLE); do tej skrzynki zaglądamy co jakiś czas.",
  ],
  [
    /^(\S{1,300}) lets nobody into this mailbox by IMAP\.( It answered: ".{0,400}"\.)? See whether IMAP is switched on for it, and whether the account is the right one\.$/,
    "$1 nikogo nie wpuszcza do tej skrzynki przez IMAP.{2} Sprawdź, czy IMAP jest dla niej włączony i czy to właściwe konto.",
  ],
  [
    /^(\S{1,300}) cannot look at the sign-in at the moment\.( It answered: ".{0,400}"\.)?$/,
    "$1 nie może w tej chwili sprawdzić logowania.{2}",
  ],
  [
    /^(\S{1,300}) knows the sign-in, but it does not let us read mail\. Sign in again and allow it\.$/,
    "$1 zna to logowanie, ale nie pozwala nam ono czytać poczty. Zaloguj się ponownie i zezwól na to.",
  ],
  [
    /^(\S{1,300}) no longer takes the sign-in\.( It answered: ".{0,400}"\.)? Sign in again to reconnect\.$/,
    "$1 nie przyjmuje już logowania.{2} Zaloguj się ponownie, aby przywrócić połączenie.",
  ],
  [
    /^(\S{1,300}) offers no sign-in by OAuth \(XOAUTH2 or OAUTHBEARER\)\.$/,
    "$1 nie oferuje logowania przez OAuth (XOAUTH2 ani OAUTHBEARER).",
  ],
  [/^(\S{1,300}) offers no way to sign in by password\.$/, "$1 nie pozwala logować się hasłem."],
  [
    /^Google did not tell whose mailbox it is\. Sign in again and allow it\.$/,
    "Google nie podał, czyja to skrzynka. Zaloguj się ponownie i zezwól na to.",
  ],
  [
    /^Microsoft did not tell whose mailbox it is\. Sign in with a work or school account\.$/,
    "Microsoft nie podał, czyja to skrzynka. Zaloguj się na konto służbowe lub szkolne.",
  ],
  [
    /^Archived notices are not seen: "All Mail" is hidden\. Tick "Show in IMAP" for it in Gmail's settings, under Labels\.$/,
    "Zarchiwizowanych powiadomień nie widać: folder „Wszystkie” jest ukryty. W ustawieniach Gmaila, w zakładce Etykiety, zaznacz przy nim „Pokaż w IMAP”.",
  ],
  [/^(\S{1,300}) refused what it was asked for\.( It answered: ".{0,400}"\.)?$/, "$1 odmówił wykonania polecenia.{2}"],
  [/^(\S{1,300}) ended the connection\.( It answered: ".{0,400}"\.)?$/, "$1 zakończył połączenie.{2}"],
  [
    /^The certificate in the settings is not readable\. Paste it as PEM, with its BEGIN and END lines\.$/,
    "Certyfikatu z ustawień nie da się odczytać. Wklej go jako PEM, z wierszami BEGIN i END.",
  ],
  [/^No password is stored for this inbox\. Enter it again\.$/, "Dla tej skrzynki nie zapisano hasła. Wpisz je ponownie."],
  [
    /^Microsoft 365 takes no password over IMAP\. Connect this mailbox by signing in at Microsoft\.$/,
    "Microsoft 365 nie przyjmuje hasła przez IMAP. Połącz tę skrzynkę, logując się w Microsoft.",
  ],
  [/^The server lists the message but does not send it\.$/, "Serwer wymienia wiadomość, ale jej nie wysyła."],
  [/^The server refused to search the folder "(.+)"\.$/, "Serwer odmówił przeszukania folderu „$1”."],
  [
    /^The folder "(.+)" went away while it was read\. The next look tells more\.$/,
    "Folder „$1” zniknął podczas odczytu. Następne sprawdzenie powie więcej.",
  ],
  [
    /^The folder "(.+)" was rebuilt by its server while it was read\. The next look lists it again\.$/,
    "Serwer przebudował folder „$1” podczas odczytu. Następne sprawdzenie wczyta go od nowa.",
  ],
];

const gmail: readonly Row[] = [
  [
    /^Google left out what it was asked for\. The next look tries again\.$/,
    "Google pominął to, o co pytaliśmy. Następne sprawdzenie spróbuje ponownie.",
  ],
  [
    /^You signed in, but the box "read your mail" was not ticked\. Try again and tick it\.$/,
    "Zalogowano, ale nie zaznaczono pola zgody na odczyt poczty. Spróbuj ponownie i je zaznacz.",
  ],
  [
    /^Google let us in only for an hour\. Remove this app at myaccount\.google\.com\/permissions and sign in again\.$/,
    "Google wpuścił nas tylko na godzinę. Usuń tę aplikację na myaccount.google.com/permissions i zaloguj się ponownie.",
  ],
  [/^This sign-in has run out or was used already\. Start again\.$/, "To logowanie wygasło albo zostało już użyte. Zacznij od nowa."],
  [
    /^You signed in as (\S+), but this inbox is (\S+)\. Sign in with that account\.$/,
    "Zalogowano się jako $1, a ta skrzynka to $2. Zaloguj się na to konto.",
  ],
  [
    /^Google no longer lets us in\. Sign in at Google again to reconnect\.$/,
    "Google już nas nie wpuszcza. Zaloguj się ponownie w Google, aby przywrócić połączenie.",
  ],
  [/^The Gmail API is not switched on for the operator's Google project\.$/, "W projekcie Google operatora nie włączono Gmail API."],
  [
    /^Google lets us in, but not read mail\. Sign in again and tick the box that lets Bounceline read your mail\.$/,
    "Google nas wpuszcza, ale nie pozwala czytać poczty. Zaloguj się ponownie i zaznacz pole, które pozwala Bounceline czytać Twoją pocztę.",
  ],
  [/^Google's quota for this app is used up\.$/, "Limit Google dla tej aplikacji jest wyczerpany."],
  [/^Google's quota of the day for this app is used up\.$/, "Dzienny limit Google dla tej aplikacji jest wyczerpany."],
  [
    /^Your organisation's administrator does not let apps read Gmail\. Ask them to allow this one\.$/,
    "Administrator Twojej organizacji nie pozwala aplikacjom czytać Gmaila. Poproś o zgodę dla tej aplikacji.",
  ],
  [
    /^Google does not know the operator's app\. Its client id or secret has to be corrected\.$/,
    "Google nie zna aplikacji operatora. Trzeba poprawić jej identyfikator klienta lub klucz tajny.",
  ],
  [/^The operator's Google app was deleted\. A new one has to be set up\.$/, "Aplikację Google operatora usunięto. Trzeba założyć nową."],
  [
    /^Google does not let the service account act for this mailbox\. A super administrator has to allow its client id with the scope (\S+) \(Admin console, Security, API controls, Domain-wide delegation\)\.$/,
    "Google nie pozwala kontu usługi działać w imieniu tej skrzynki. Superadministrator musi dopuścić jego identyfikator klienta z zakresem $1 (Konsola administracyjna, Bezpieczeństwo, Dostęp do interfejsów API, Przekazywanie dostępu w całej domenie).",
  ],
  [
    /^Google was told not to let Bounceline in\. Start again if that was a mistake\.$/,
    "W Google odmówiono Bounceline dostępu. Jeśli to pomyłka, zacznij od nowa.",
  ],
  [
    /^Your organisation's administrator has to approve this app first\.$/,
    "Administrator Twojej organizacji musi najpierw zatwierdzić tę aplikację.",
  ],
  [
    /^This Google app is for the members of one organisation only\. Its administrator has to open it, or you sign in with another account\.$/,
    "Ta aplikacja Google jest tylko dla członków jednej organizacji. Jej administrator musi ją udostępnić albo zaloguj się na inne konto.",
  ],
  [/^This Google account has no Gmail mailbox\.$/, "To konto Google nie ma skrzynki Gmail."],
  [/^Google refused what it was asked for \((\d+)\)\.$/, "Google odmówił wykonania polecenia ($1)."],
  [/^Google does not answer\.$/, "Google nie odpowiada."],
  [/^Google did not let us in\. Start again\.$/, "Google nas nie wpuścił. Zacznij od nowa."],
  [/^Gmail's list of changes does not end\. We try again\.$/, "Lista zmian w Gmailu się nie kończy. Spróbujemy ponownie."],
  [
    /^Gmail had dropped its list of changes; listed again with an overlap of a day\.$/,
    "Gmail porzucił swoją listę zmian; wczytano ją ponownie, z jednodniową zakładką.",
  ],
  [/^The operator has set up no Pub\/Sub topic\.$/, "Operator nie skonfigurował tematu Pub/Sub."],
  [
    /^Gmail cannot be used here yet: the operator has to enter (.+) first\.$/,
    "Z Gmaila nie można tu jeszcze korzystać: operator musi najpierw podać {1}.",
  ],
  [
    /^Nothing usable is stored for this inbox\. Sign in at Google again\.$/,
    "Dla tej skrzynki nie zapisano nic, czego można by użyć. Zaloguj się ponownie w Google.",
  ],
  [
    /^Nobody has signed in at Google for this inbox yet\. Sign in to connect it\.$/,
    "Nikt nie zalogował się jeszcze w Google do tej skrzynki. Zaloguj się, aby ją połączyć.",
  ],
  [
    /^The service account's private key cannot be used\. The operator has to copy it from its key file again\.$/,
    "Klucza prywatnego konta usługi nie da się użyć. Operator musi ponownie skopiować go z pliku klucza.",
  ],
  [
    /^Google does not know (\S+) in this organisation, or the service account's key was deleted\.$/,
    "Google nie zna adresu $1 w tej organizacji albo usunięto klucz konta usługi.",
  ],
  [/^Google gave no access token\. We try again\.$/, "Google nie wydał tokenu dostępu. Spróbujemy ponownie."],
  [
    /^What was answered in Google's name is no answer of Google's\. The next look tries again\.$/,
    "Odpowiedź w imieniu Google nie pochodzi od Google. Następne sprawdzenie spróbuje ponownie.",
  ],
];

const office365: readonly Row[] = [
  [
    /^You signed in, but reading your mail \((.+)\) was not allowed\. Sign in again and allow it\.$/,
    "Zalogowano, ale nie udzielono zgody na odczyt poczty ($1). Zaloguj się ponownie i jej udziel.",
  ],
  [
    /^Microsoft Graph gave no way to go on with a folder's changes; we try again\.$/,
    "Microsoft Graph nie podał, jak dalej czytać zmiany w folderze; spróbujemy ponownie.",
  ],
  [/^Microsoft asks us to wait\.$/, "Microsoft prosi, byśmy poczekali."],
  [
    /^Microsoft has forgotten what we had read; the folder is listed again\.$/,
    "Microsoft zapomniał, co już odczytaliśmy; folder jest wczytywany od nowa.",
  ],
  [
    /^This account has no mailbox in Microsoft 365 \(it may be on-premises, or without a licence\)\. Choose another account\.$/,
    "To konto nie ma skrzynki w Microsoft 365 (może leży na własnym serwerze firmy albo nie ma licencji). Wybierz inne konto.",
  ],
  [/^Microsoft no longer lets us in\. Sign in again\.$/, "Microsoft już nas nie wpuszcza. Zaloguj się ponownie."],
  [
    /^We are not allowed to read this mailbox( \(.{1,200}\)|: ".{0,300}")\. Allow reading mail when you sign in again, or ask an administrator to let this app read it\.$/,
    "Nie wolno nam czytać tej skrzynki{1}. Zezwól na odczyt poczty przy ponownym logowaniu albo poproś administratora o zgodę dla tej aplikacji.",
  ],
  [/^Microsoft Graph refused what it was asked( \(.{1,200}\)|: ".{0,300}")\.$/, "Microsoft Graph odmówił wykonania polecenia{1}."],
  [
    /^Microsoft 365 ended the connection or does not answer; we try again\.$/,
    "Microsoft 365 przerwał połączenie albo nie odpowiada; spróbujemy ponownie.",
  ],
  [
    /^The stored position does not lead to Microsoft Graph; the folder is listed again\.$/,
    "Zapisana pozycja nie prowadzi do Microsoft Graph; folder jest wczytywany od nowa.",
  ],
  [
    /^Nobody has signed in to this mailbox at Microsoft yet\. Sign in\.$/,
    "Nikt nie zalogował się jeszcze do tej skrzynki w Microsoft. Zaloguj się.",
  ],
  [
    /^Application access needs the tenant in this server's app settings to be one company's\. Ask the operator to set it\.$/,
    "Dostęp aplikacji wymaga, by w ustawieniach tego serwera podano dzierżawę jednej firmy. Poproś operatora, by ją ustawił.",
  ],
  [
    /^Microsoft had forgotten what we had read of "(.+)"; its mail of that time was listed again\.$/,
    "Microsoft zapomniał, co odczytaliśmy z „$1”; pocztę z tego czasu wczytano od nowa.",
  ],
  [/^This server has no public https address \(publicUrl\)\.$/, "Ten serwer nie ma publicznego adresu https (publicUrl)."],
  [
    /^Microsoft tells of new mail in a shared mailbox only where the app reads it by an administrator's leave\.$/,
    "O nowej poczcie w skrzynce współdzielonej Microsoft powiadamia tylko wtedy, gdy aplikacja czyta ją za zgodą administratora.",
  ],
  [
    /^The app for Microsoft 365 is not set up on this server \(it is missing\)\. Ask the operator to set it up\.$/,
    "Na tym serwerze nie skonfigurowano aplikacji Microsoft 365. Poproś operatora, by to zrobił.",
  ],
  [
    /^The app for Microsoft 365 is not set up on this server \((.+)\)\. Ask the operator to set it up\.$/,
    "Aplikacja Microsoft 365 jest na tym serwerze źle skonfigurowana ($1). Poproś operatora, by to poprawił.",
  ],
  [
    /^Your organisation must approve this app first\. Ask an administrator of your Microsoft 365 to approve it, then sign in again\.$/,
    "Twoja organizacja musi najpierw zatwierdzić tę aplikację. Poproś o to administratora Microsoft 365, a potem zaloguj się ponownie.",
  ],
  [
    /^Microsoft's sign-in service does not answer at the moment; we try again\.$/,
    "Usługa logowania Microsoft chwilowo nie odpowiada; spróbujemy ponownie.",
  ],
  [
    /^Microsoft refuses this server's own app: its secret or its registration is not valid \(any more\)\. Ask the operator to renew it\.$/,
    "Microsoft odrzuca aplikację tego serwera: jej klucz tajny lub rejestracja są nieważne. Poproś operatora, by je odnowił.",
  ],
  [
    /^Your organisation has not assigned you to this app\. Ask an administrator of your Microsoft 365\.$/,
    "Twoja organizacja nie przypisała Cię do tej aplikacji. Zwróć się do administratora Microsoft 365.",
  ],
  [
    /^You declined to let us read your mail\. Sign in again and accept\.$/,
    "Odmówiono nam odczytu poczty. Zaloguj się ponownie i wyraź zgodę.",
  ],
  [
    /^A rule of your organisation \(conditional access\) keeps this server out\. Ask an administrator of your Microsoft 365\.$/,
    "Reguła Twojej organizacji (dostęp warunkowy) nie wpuszcza tego serwera. Zwróć się do administratora Microsoft 365.",
  ],
  [
    /^Microsoft asks for your second factor again\. Sign in again\.$/,
    "Microsoft ponownie prosi o drugi składnik uwierzytelniania. Zaloguj się ponownie.",
  ],
  [/^Microsoft's sign-in service asks us to wait\.$/, "Usługa logowania Microsoft prosi, byśmy poczekali."],
  [/^Microsoft's sign-in service refused what it was asked \((.+)\)\.$/, "Usługa logowania Microsoft odmówiła wykonania polecenia ($1)."],
  [/^Microsoft refused the sign-in \((.*)\)\. Try again\.$/, "Microsoft odrzucił logowanie ($1). Spróbuj ponownie."],
];

const exchange: readonly Row[] = [
  [
    /^The server's address must begin with https:\/\/ or be its name alone, without a password in it\.$/,
    "Adres serwera musi zaczynać się od https:// albo być samą jego nazwą, bez hasła.",
  ],
  [
    /^Microsoft has closed this way \(EWS\) to mailboxes in Microsoft 365\. Connect this mailbox by signing in at Microsoft\.$/,
    "Microsoft zamknął tę drogę (EWS) dla skrzynek w Microsoft 365. Połącz tę skrzynkę, logując się w Microsoft.",
  ],
  [
    /^(\S+) takes neither a password \(Basic\) nor NTLM for Exchange Web Services\. Ask the Exchange administrator to allow one of them, or connect the mailbox by IMAP\.$/,
    "$1 nie przyjmuje w usłudze Exchange Web Services ani hasła (Basic), ani NTLM. Poproś administratora Exchange, by dopuścił jedno z nich, albo połącz skrzynkę przez IMAP.",
  ],
  [/^(\S+) asks us to wait\.$/, "$1 prosi, byśmy poczekali."],
  [
    /^This account may not open the mailbox\. Ask its owner or the Exchange administrator for the right to read it \(Full Access\), or sign in as its owner\.$/,
    "To konto nie może otworzyć skrzynki. Poproś jej właściciela lub administratora Exchange o prawo odczytu (Full Access) albo zaloguj się jako właściciel.",
  ],
  [
    /^(\S+) has no such mailbox\. Check the address, and whether the mailbox was moved to Microsoft 365\.$/,
    "Na $1 nie ma takiej skrzynki. Sprawdź adres i czy skrzynki nie przeniesiono do Microsoft 365.",
  ],
  [
    /^The Windows account is disabled\. Ask the Exchange administrator to enable it, or sign in with another one\.$/,
    "Konto Windows jest wyłączone. Poproś administratora Exchange, by je włączył, albo użyj innego konta.",
  ],
  [
    /^(\S+) is older than Exchange 2010 SP2, which is the oldest that is read this way\. Connect the mailbox by IMAP\.$/,
    "$1 jest starszy niż Exchange 2010 SP2, najstarszy czytany w ten sposób. Połącz skrzynkę przez IMAP.",
  ],
  [
    /^The message is larger than (\S+) gives out\. An administrator can raise the limit of Exchange Web Services there\.$/,
    "Wiadomość jest większa, niż wydaje $1. Administrator może tam podnieść limit usługi Exchange Web Services.",
  ],
  [
    /^(\S+) no longer knows what we had read; the folder is listed again\.$/,
    "$1 nie pamięta, co odczytaliśmy; folder jest wczytywany od nowa.",
  ],
  [/^(\S+) ended the connection or does not answer; we try again\.$/, "$1 przerwał połączenie albo nie odpowiada; spróbujemy ponownie."],
  [
    /^(\S+) refused user name or password\. Check both; the user name often begins with the Windows domain and a backslash\.$/,
    "$1 odrzucił nazwę użytkownika lub hasło. Sprawdź je; nazwa użytkownika często zaczyna się od domeny Windows i ukośnika wstecznego.",
  ],
  [
    /^(\S+) has locked this account\. Sign in to Outlook on the web once and do what it asks for, then enter the password again\.$/,
    "$1 zablokował to konto. Zaloguj się raz do Outlooka w przeglądarce, zrób to, o co prosi, i ponownie wpisz hasło.",
  ],
  [
    /^(\S+) does not let this account use Exchange Web Services\. Ask the Exchange administrator to allow it\.$/,
    "$1 nie pozwala temu kontu korzystać z usługi Exchange Web Services. Poproś administratora Exchange, by na to zezwolił.",
  ],
  [
    /^At this address (\S+) offers no Exchange Web Services\. It usually ends in \/EWS\/Exchange\.asmx\.$/,
    "Pod tym adresem $1 nie udostępnia usługi Exchange Web Services. Zwykle adres kończy się na /EWS/Exchange.asmx.",
  ],
  [
    /^(\S+) sends us to another address, and a password is not taken there\. Enter the address of the Exchange server itself\.$/,
    "$1 odsyła nas pod inny adres, a tam hasła nie wysyłamy. Podaj adres samego serwera Exchange.",
  ],
  [/^(\S+) refused what it was asked( \(.{1,200}\)|: ".{0,300}")\.$/, "$1 odmówił wykonania polecenia{2}."],
  [
    /^(\S+) answered with a web page where Exchange Web Services should be\. Check the address; it usually ends in \/EWS\/Exchange\.asmx\.$/,
    "$1 odpowiedział stroną WWW tam, gdzie powinna być usługa Exchange Web Services. Sprawdź adres; zwykle kończy się na /EWS/Exchange.asmx.",
  ],
  [/^(\S+) gave an answer that cannot be read; we try again\.$/, "Odpowiedzi serwera $1 nie da się odczytać; spróbujemy ponownie."],
  [
    /^(\S+) gave no way to go on with a folder's changes; we try again\.$/,
    "$1 nie podał, jak dalej czytać zmiany w folderze; spróbujemy ponownie.",
  ],
  [/^(\S+) has the message and did not give it\.$/, "$1 ma tę wiadomość, ale jej nie wydał."],
  [
    /^(\S+) had forgotten what we had read of "(.+)"; its mail of that time was listed again\.$/,
    "$1 zapomniał, co odczytaliśmy z „$2”; pocztę z tego czasu wczytano od nowa.",
  ],
];

const maildir: readonly Row[] = [
  [
    /^(.+) holds no mail: neither a Maildir \(cur and new\), nor \.eml files, nor an mbox file\.$/,
    "W $1 nie ma poczty: ani folderu Maildir (cur i new), ani plików .eml, ani pliku mbox.",
  ],
  [
    /^There is nothing at (.+)\. Check the path, and that the disk it lies on is mounted\.$/,
    "Pod ścieżką $1 nic nie ma. Sprawdź ją oraz czy dysk, na którym leży, jest zamontowany.",
  ],
  [
    /^Bounceline may not read (.+)\. Give the user it runs as the right to read this path\.$/,
    "Bounceline nie może czytać $1. Nadaj użytkownikowi, pod którym działa, prawo odczytu tej ścieżki.",
  ],
  [/^(.{1,1000}) could not be read just now \((\w{0,40})\)\.$/, "Nie udało się teraz odczytać $1 ($2)."],
];

/** Whole sentences. */
export const sentences: readonly Row[] = [...trace, ...matching, ...anyConnector, ...imap, ...gmail, ...office365, ...exchange, ...maildir];

/** Pieces of sentences, which are looked for only within one. */
export const parts: readonly Row[] = [
  [/^line (\d+) of the text$/, "wiersz $1 tekstu"],
  [/^group (\d+) of the delivery-status part$/, "grupa $1 części delivery-status"],
  [/^the X-Failed-Recipients field$/, "pole X-Failed-Recipients"],
  [/^the returned message, as its only recipient$/, "jedyny odbiorca zwróconej wiadomości"],
  [/^failed$/, "nie doręczono"],
  [/^delayed$/, "opóźniono"],
  [/^delivered$/, "doręczono"],
  [/^relayed$/, "przekazano dalej"],
  [/^expanded$/, "rozesłano do członków listy"],
  [
    /^reason (\w{1,40}) by rule (\S{1,80}), which heard "(.{0,110})", so (\w{1,40}); (.{1,100})$/,
    "powód $1 według reguły $2 (słowa: „$3”), stąd kategoria $4; {5}",
  ],
  [/^reason (\w{1,40}) by rule (\S{1,80}), so (\w{1,40}); (.{1,100})$/, "powód $1 według reguły $2, stąd kategoria $3; {4}"],
  [/^hard, because what it says is permanent$/, "twarde, bo to, co mówi serwer, jest trwałe"],
  [/^hard, because (\S+) is permanent$/, "twarde, bo $1 oznacza błąd trwały"],
  [/^soft, because what it says is temporary$/, "miękkie, bo to, co mówi serwer, jest przejściowe"],
  [/^soft, because (\S+) with these words is temporary$/, "miękkie, bo $1 z tymi słowami oznacza błąd przejściowy"],
  [/^pending, because the server keeps trying$/, "w toku, bo serwer wciąż próbuje"],
  [/^nothing failed$/, "nic nie zawiodło"],
  [/^the Message-ID in the returned mail$/, "Message-ID w zwróconej wiadomości"],
  [/^(In-Reply-To|References)$/, "$1"],
  [/^the conversation it lies in$/, "rozmowa, w której leży powiadomienie"],
  [/^recipient, subject and sender$/, "odbiorca, temat i nadawca"],
  [/^(<[^<>]*>) or (<.+)$/, "$1 lub {2}"],
  [/^(<[^<>]*>)$/, "$1"],
  [/^ It answered: "(.*)"\.$/, " Odpowiedź serwera: „$1”."],
  [/^ \(no reason given\)$/, " (nie podano powodu)"],
  [/^( \(.+\))$/, "$1"],
  [/^: "(.*)"$/, ": „$1”"],
  [/^the Google app's client id and secret$/, "identyfikator klienta i klucz tajny aplikacji Google"],
  [/^the key of a Google service account$/, "klucz konta usługi Google"],
];
