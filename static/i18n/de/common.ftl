# What pages and service mails both say.

day = { $day }. { $month ->
    [1] Januar
    [2] Februar
    [3] März
    [4] April
    [5] Mai
    [6] Juni
    [7] Juli
    [8] August
    [9] September
    [10] Oktober
    [11] November
   *[12] Dezember
} { $year }

privacy-policy = Datenschutzerklärung

labelled = { $label }:

# Ways in which a message comes.
channel-email = E-Mail
channel-phone = Telefon
channel-post = Post

# Something to agree to, in a list.
item-email = { $topic } per E-Mail
item-phone = { $topic } per Telefon
item-post = { $topic } per Post
item-opens = Zählen, wenn Sie eine E-Mail öffnen
item-clicks = Zählen, wenn Sie einem Link folgen
item-profiling = Auswählen, was wir senden, nach dem, was Sie getan haben

# What ends, in the words of the page and of the record.
scope-email = alle Werbe-E-Mails von { $brand }
scope-everything = Keine Werbung mehr von { $brand }: keine E-Mails, keine Anrufe, keine Post. Und nichts über Sie wird aufgezeichnet.
restricted = Zurzeit wird Ihnen nichts gesendet: Die Verwendung Ihrer Daten ist seit dem { $day } eingeschränkt, auf Ihren Wunsch oder unseren. Was Sie hier wählen, gilt, sobald das endet.

# What one agrees to beside the boxes for tracking: kept in the record exactly so.
wording-opens = Ja, zählen Sie, wenn ich eine E-Mail öffne. Ein winziges Bild in jeder E-Mail meldet uns, dass sie geöffnet wurde. Für { $days ->
    [one] { $days } Tag
   *[other] { $days } Tage
} speichern wir den Zeitpunkt und ob es nach einem Menschen oder einem Programm aussieht, nie Ihre IP-Adresse oder Ihr Gerät; danach bleiben nur Summen.
wording-clicks = Ja, zählen Sie, wenn ich einem Link folge. Links in den E-Mails führen über unseren Server. Für { $days ->
    [one] { $days } Tag
   *[other] { $days } Tage
} speichern wir den Zeitpunkt, den Link und ob es nach einem Menschen oder einem Programm aussieht, nie Ihre IP-Adresse oder Ihr Gerät; danach bleiben nur Summen.

# What is wrong with what was typed or ticked.
problem-email-missing = Geben Sie eine E-Mail-Adresse ein, zum Beispiel name@example.com
problem-email-at = Geben Sie eine E-Mail-Adresse mit einem @ ein, zum Beispiel name@example.com
problem-email-quoted = Namen in Anführungszeichen und bloße IP-Adressen nehmen wir nicht als E-Mail-Adressen an
problem-email-spaces = Eine E-Mail-Adresse enthält weder Leerzeichen noch Steuerzeichen
problem-email-domain = Der Teil nach dem @ ist kein Domainname
problem-email-dot = Der Teil nach dem @ braucht einen Punkt, zum Beispiel example.com
problem-email-long = Die E-Mail-Adresse ist zu lang
problem-email-form = Geben Sie eine E-Mail-Adresse in der Form name@example.com ein
problem-line = Geben Sie eine Zeile mit höchstens { $most } Zeichen ein
problem-country = Geben Sie den Namen eines Landes oder seine zwei Buchstaben ein, zum Beispiel DE
problem-phone = Geben Sie eine Telefonnummer in internationaler Form ein, zum Beispiel +44 118 496 0000
problem-communications = Wählen Sie mindestens eine Art von Nachricht und wie Sie sie bekommen möchten
problem-phone-missing = Geben Sie die Nummer an, unter der wir anrufen sollen, denn Sie haben Telefon gewählt
problem-post-missing = Geben Sie die Adresse an, an die wir schreiben sollen, denn Sie haben Post gewählt
problem-understood = Setzen Sie das Häkchen, um zu zeigen, dass Sie das verstanden haben
problem-words-changed = Worin Sie einwilligen würden, hat sich geändert, seit Sie diese Seite geöffnet haben. Bitte lesen Sie es noch einmal
problem-choices-changed = Ihre Auswahl hat sich inzwischen geändert. Bitte sehen Sie noch einmal hin
problem-list-unread = Bitte sehen Sie sich die Liste an und drücken Sie den Knopf darunter
problem-topic-changed = Ein Thema kommt nicht mehr auf dem angekreuzten Weg. Bitte sehen Sie noch einmal hin
wording-profiling = Ja, Sie dürfen nach dem, was ich geöffnet und angeklickt habe, auswählen, was Sie mir schicken. Heute tun Sie das nicht; ohne dieses Häkchen werden Sie es nie tun.
problem-undo = Das lässt sich nicht mehr rückgängig machen. Bitte sehen Sie noch einmal hin
problem-pause-day = Wählen Sie einen Tag nach heute und innerhalb eines Jahres
