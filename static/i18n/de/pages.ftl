# What the pages say.

# Around every page.
error-title = Fehler: { $title }
error-prefix = Fehler:
errors-heading = Da stimmt etwas nicht
optional = (freiwillig)
languages = Sprachen

# The front page.
home-heading = Werbung per E-Mail, die zuerst fragt
home-lead = Dieser Server bewahrt auf, worin jeder Mensch eingewilligt hat, nach Thema und Weg, und schreibt genau diesen Menschen. Soll er aufhören, hört er sofort auf.
home-sign-up = Anmelden
home-hear-from = Von { $brand } hören
home-programs = Für Programme
home-api = API-Dokumentation
home-api-hint = Für Programme, die Marken und Kampagnen verwalten
product-line = Mannerly: Werbung per E-Mail, die zuerst fragt.

# Fields to type into.
email-label = E-Mail-Adresse
first-name-label = Vorname
last-name-label = Nachname
company-label = Unternehmen
country-label = Land
phone-label = Telefonnummer
post-label = Postanschrift
email-hint = Wir senden zuerst einen Link zum Bestätigen, dann das, was Sie unten wählen.
email-hint-link = Die Adresse, an die Sie unsere E-Mails bekommen.
first-name-hint = Damit wir Sie mit Namen begrüßen können.
last-name-hint = Damit wir Sie richtig anreden.
company-hint = Damit wir wissen, für welche Organisationen wir da sind.
country-hint = Damit wir uns an die Regeln Ihres Landes halten.
phone-hint = Nur nötig und nur gespeichert, wenn Sie Telefon angekreuzt haben. Wir rufen aus keinem anderen Grund an.
phone-format = Mit der Vorwahl des Landes, zum Beispiel +49 30 23125 000.
post-hint = Nur nötig und nur gespeichert, wenn Sie Post angekreuzt haben. Wir schreiben aus keinem anderen Grund.

# Boxes for topics.
communications-legend = Was möchten Sie von uns bekommen?
communications-hint = Wählen Sie alles Zutreffende und wie Sie es bekommen möchten.
subjects-legend = Welche Themen interessieren Sie?
subjects-hint = Wählen Sie alles Zutreffende. Davon handelt, was Sie bekommen.
sensitive-note = Ein sensibles Thema: Ihre Antwort bleibt vertraulich und wird nie benutzt, um Sie zu bewerten oder einzuordnen.
pending-note = { $channel }: Sie haben darum gebeten und es noch nicht bestätigt.

# Boxes for tracking.
tracking-legend = Dürfen wir Öffnungen und Klicks zählen?
tracking-hint = Das hat mit den E-Mails nichts zu tun: Sie bekommen sie so oder so, und Nein ist eine gute Antwort.
tracking-gpc = Ihr Browser bittet darum, nicht verfolgt zu werden. Deshalb sind diese Kästchen leer, und solange er darum bittet, zeichnen wir nichts auf. Was Sie früher geantwortet haben, bleibt, solange Sie es hier nicht ändern.
tracking-stays = Das leere Kästchen ändert daran nichts; die Schaltfläche unten beendet es.
stored-never = Sie wurden noch nicht gefragt, deshalb ist es aus.
stored-granted = Sie haben das am { $since } erlaubt.
stored-refused = Sie haben das am { $since } abgelehnt.

# Signing up.
sign-up-title = Anmelden
sign-up-heading = Von { $brand } hören
sign-up-lead = Wählen Sie, was Sie bekommen möchten. Sie können es sich jederzeit anders überlegen, über einen Link in jeder E-Mail.
about-you = Über Sie
about-you-hint = Nötig ist nur Ihre E-Mail-Adresse.
sign-up-policy = Wie wir mit Ihren Daten umgehen: <a href="{ $url }" rel="noreferrer">unsere Datenschutzerklärung</a>.
sign-up-button = Anmelden
check-inbox = Sehen Sie in Ihr Postfach
sign-up-done-lead = Wenn es etwas zu bestätigen gibt, ist eine E-Mail mit einem Link an die angegebene Adresse unterwegs. Meist dauert das ein paar Minuten, und bis zu einem Tag, wenn sich viele auf einmal anmelden.
sign-up-done-next = Nichts beginnt, bevor Sie diesen Link öffnen und auf die Schaltfläche klicken. Der Link gilt { $days ->
    [one] { $days } Tag
   *[other] { $days } Tage
}.
no-email-heading = Keine E-Mail?
no-email = Sehen Sie im Spam-Ordner nach. Wir senden einer Adresse höchstens eine solche E-Mail am Tag. Ist nach einem Tag keine da, oder war ein Tippfehler in der Adresse, dann <a href="{ $url }">melden Sie sich noch einmal an</a>.

# Asking for the link to the choices.
link-title = Ihr Link
link-heading = Ein Link zu Ihrer Auswahl
link-lead = Nennen Sie uns Ihre Adresse, und wir senden Ihnen einen Link. Er öffnet die Seite, auf der Sie sehen und ändern, was Sie von { $brand } bekommen.
link-button = Link zusenden
link-done-lead = Wenn wir die angegebene Adresse kennen, ist eine E-Mail mit Ihrem Link unterwegs.
link-done-next = Warten Sie ein paar Minuten und sehen Sie im Spam-Ordner nach. Zum Schutz Ihrer Privatsphäre zeigen wir für jede Adresse dieselbe Antwort.

# Confirming.
confirm-title = Bitte bestätigen
confirm-heading = Möchten Sie das?
confirm-lead = Jemand, sehr wahrscheinlich Sie, hat { $brand } um Folgendes gebeten:
confirm-button = Ja, das möchte ich
confirm-not-you = Das waren nicht Sie, oder Sie möchten es nicht mehr? Schließen Sie diese Seite: Ohne die Schaltfläche beginnt nichts.
confirmed-title = Vielen Dank
confirmed-heading = Vielen Dank, das ist bestätigt
confirmed-ended = Sie haben inzwischen alles davon beendet.
confirmed-lead = Darin haben Sie bei { $brand } eingewilligt:
confirmed-next = In jeder E-Mail ist ein Link zum Beenden. Sie können auch jetzt <a href="{ $url }">Ihre Auswahl ansehen und ändern</a>.
expired-heading = Dieser Link ist abgelaufen
expired-lead = Ein Link zum Bestätigen gilt { $days ->
    [one] { $days } Tag
   *[other] { $days } Tage
}, damit niemand Sie mit einer alten E-Mail anmelden kann. Es wurde nichts begonnen.

# The choices.
preferences-title = Ihre Auswahl
preferences-heading = Ihre Auswahl bei { $brand }
preferences-lead = Für <strong class="address">{ $address }</strong>. Was Sie hier ändern, gilt, sobald Sie auf eine Schaltfläche klicken.
stop-heading = Alles beenden
stop-button = Alles von { $brand } beenden
save-button = Meine Auswahl speichern
your-data = Ihre Daten
your-data-text = Sehen Sie, was wir gespeichert haben, berichtigen Sie es, holen Sie eine Kopie, verwenden Sie eine andere Adresse oder schließen Sie Ihr Konto. Weil diese Seite weitergeleitet worden sein kann, senden wir zuerst einen frischen Link an Ihre Adresse.
your-data-button = Link zu meinen Daten zusenden
back-to-choices = Zurück zu Ihrer Auswahl
unsaved = Sie hatten auf der Seite noch etwas geändert, ohne zu speichern. Das ist nicht gespeichert.

# What was saved.
result-heading-saved = Gespeichert, und es gilt ab jetzt
result-unchanged = Nichts hat sich geändert
result-stopped = Alles ist beendet
result-stopped-lead = { $brand } sendet Ihnen keine Werbung mehr: keine E-Mails, keine Anrufe, keine Post.
result-unchanged-lead = Ihre Auswahl ist, wie sie war.
result-saved-lead = { $brand } richtet sich nach Ihrer neuen Auswahl.
result-started = Sie bekommen jetzt
result-started-paused = Nach der Pause bekommen Sie
result-ended = Sie bekommen nicht mehr
result-tracking = Öffnungen und Klicks zählen
result-continues = Unverändert: Sie bekommen weiterhin
result-continues-paused = Unverändert, und es kommt nach der Pause wieder
result-nothing = Sie bekommen jetzt nichts von { $brand }.
result-subjects-only = Sie haben Themen gewählt, aber keine Art von Nachricht, die davon handeln könnte. Deshalb kommt nichts, bis Sie eine wählen.
now-counting-opens = Wir zählen jetzt, wenn Sie unsere E-Mails öffnen.
now-counting-clicks = Wir zählen jetzt, wenn Sie einem Link in unseren E-Mails folgen.
now-profiling = Sie erlauben uns, danach auszuwählen, was wir Ihnen senden, was Sie geöffnet haben und welchen Links Sie gefolgt sind. Heute tun wir das nicht.
not-counting-opens = Wir zählen nicht, wenn Sie unsere E-Mails öffnen.
not-counting-clicks = Wir zählen nicht, wenn Sie einem Link in unseren E-Mails folgen.
not-profiling = Wir wählen nicht nach dem, was Sie tun, aus, was wir Ihnen senden.
no-longer-counting-opens = Wir zählen nicht mehr, wenn Sie unsere E-Mails öffnen, und haben gelöscht, was wir über Sie aufgezeichnet hatten. Summen ohne Personen bleiben.
no-longer-counting-clicks = Wir zählen nicht mehr, wenn Sie einem Link in unseren E-Mails folgen, und haben gelöscht, was wir über Sie aufgezeichnet hatten. Summen ohne Personen bleiben.
no-longer-profiling = Wir dürfen nicht mehr nach dem, was Sie tun, auswählen, was wir Ihnen senden.

# Unsubscribing.
unsubscribe-heading = Abbestellen
unsubscribe-lead = Ein Klick beendet <strong>{ $scope }</strong>. Das gilt sofort, und Sie müssen keinen Grund angeben.
unsubscribe-button = Abbestellen
unsubscribe-finer = Möchten Sie etwas davon behalten? <a href="{ $url }">Wählen Sie, was Sie bekommen</a>.
unsubscribed-heading = Sie haben abbestellt
unsubscribed-lead = Beendet: <strong>{ $scope }</strong>.
unsubscribed-nothing = Sie bekommen keine andere Werbung von { $brand }.
unsubscribed-continues = Was weitergeht
unsubscribed-continues-lead = Darin haben Sie gesondert eingewilligt, deshalb bleibt es, wie es war:
unsubscribed-finer = Versehentlich geklickt, oder möchten Sie genauer wählen? <a href="{ $url }">Sehen Sie Ihre Auswahl an</a>.

# The data.
data-link-sent-lead = Wir haben einen Link an <strong class="address">{ $address }</strong> gesendet. Er öffnet die Seite mit den Daten, die wir über Sie gespeichert haben.
data-link-sent-next = Der Link gilt { $hours ->
    [one] { $hours } Stunde
   *[other] { $hours } Stunden
}. Wenn nichts ankommt, sehen Sie im Spam-Ordner nach.
link-not-sent-lead = Wir haben jetzt nichts gesendet: An <strong class="address">{ $address }</strong> gingen heute schon Links.
link-not-sent-next = Öffnen Sie den neuesten davon; sehen Sie auch im Spam-Ordner nach. Wir senden höchstens { $most } am Tag, also können Sie morgen wieder einen anfordern.
data-heading = Ihre Daten bei { $brand }
data-lead = Das haben wir über <strong class="address">{ $address }</strong> gespeichert.
copy-heading = Eine Kopie holen
copy-text = Eine Datei mit allem, was oben steht, und der vollständigen Aufzeichnung, worin Sie wann und wie eingewilligt haben. Sie ist in JSON, das andere Programme lesen können.
copy-button = Kopie herunterladen (JSON)
close-heading = Ihr Konto schließen
close-text = Wir löschen Ihre Daten und beenden alle Werbung. Das lässt sich nicht rückgängig machen. Zwei Dinge bleiben: eine unlesbare Form Ihrer Adresse, damit niemand Sie versehentlich wieder hinzufügt, und die Aufzeichnung, worin Sie eingewilligt und was Sie beendet haben, ohne Ihren Namen und Ihre Adresse.
close-understood = Ich verstehe, dass meine Daten gelöscht werden und nicht zurückgeholt werden können.
close-button = Mein Konto schließen und meine Daten löschen
erased-heading = Ihr Konto ist geschlossen
erased-lead = Ihre Daten sind gelöscht, und { $brand } sendet Ihnen keine Werbung mehr.
erased-next = In E-Mails, die Sie schon haben, funktionieren die Links zu anderen Seiten weiter, ebenso das Abbestellen; wenn Sie ihnen folgen, wird nichts aufgezeichnet. Der Link zu Ihrer Auswahl führt nirgendwohin mehr: Es gibt nichts mehr zu wählen.
fact-language = Sprache
fact-source = Woher wir sie haben
fact-source-policy = Deren Datenschutzerklärung
fact-held-since = Gespeichert seit
fact-of-brand = { $brand }: { $what }
fact-pending = erbeten am { $day }, noch nicht bestätigt
fact-granted = eingewilligt seit { $day }
fact-refused = abgelehnt am { $day }
fact-withdrawn = beendet am { $day }
fact-decisions = Aufgezeichnete Entscheidungen
fact-deliveries = Kampagnen, die Ihnen gesendet wurden oder nicht
fact-hits = Aufgezeichnete Öffnungen und Klicks
fact-service-mail = Service-E-Mails
fact-suppressions = Einträge, die uns verbieten, Ihnen zu schreiben

# A letter in the browser, and the archive of letters.
letter-bar = Über diese Seite
letter-bar-private = Diese Seite zeigt die E-Mail ohne alles, was Sie betrifft, denn ihre Adresse kann weitergegeben werden.
letter-bar-pictures = Bilder von { $hosts } werden nicht gezeigt, damit dort niemand erfährt, dass Sie das lesen.
letter-bar-show = Bilder anzeigen
letter-bar-hide = Bilder ausblenden
letter-bar-date = Gesendet am { $day }
archive-title = E-Mails
archive-heading = E-Mails von { $brand }
archive-lead = Was { $brand } gesendet hat, das Neueste zuerst.
archive-empty = Hier ist noch nichts veröffentlicht.
archive-all = Alle E-Mails
archive-newer = Neuere E-Mails
archive-older = Ältere E-Mails
archive-feed = Als Feed verfolgen (Atom)
archive-sign-up = Den nächsten per E-Mail bekommen

# The privacy notice.
notice-heading = Datenschutzerklärung von { $brand }
notice-version = Fassung { $version }
notice-since = In Kraft seit { $from }.
notice-was = In Kraft vom { $from } bis { $until }.
notice-coming = Tritt am { $day } in Kraft.
notice-none = Am { $day } war keine davon in Kraft.
notice-other = Jetzt ist eine andere Fassung in Kraft: <a href="{ $url }">diese lesen</a>.
notice-versions = Alle Fassungen
notice-on = Welche Fassung war an diesem Tag in Kraft?
notice-on-button = Diese Fassung zeigen

# What went wrong.
not-found-title = Seite nicht gefunden
not-found-text = Prüfen Sie, ob die ganze Adresse kopiert wurde. Wenn Sie über einen Link in einer E-Mail kamen, öffnen Sie die neueste E-Mail und versuchen Sie es mit dem Link dort.
damaged-title = Das hat nicht geklappt
damaged-text = Das Formular kam unvollständig oder beschädigt an. Nichts wurde geändert. Gehen Sie zurück, laden Sie die Seite neu und versuchen Sie es noch einmal.
wrong-method-text = Diese Adresse tut nicht, was von ihr verlangt wurde. Nichts wurde geändert.
conflict-title = Das geht nicht mehr
conflict-text = Inzwischen hat sich etwas geändert. Gehen Sie zurück, laden Sie die Seite neu und versuchen Sie es noch einmal.
gone-title = Dieser Link gilt nicht mehr
too-large-title = Das war zu viel
too-large-text = Was gesendet wurde, ist größer, als dieser Server annimmt. Nichts wurde geändert.
too-many-title = Zu viele Versuche
unavailable-title = Wir können gerade nicht antworten
nothing-changed = Nichts wurde geändert. { $when }
try-again-moment = Bitte versuchen Sie es gleich noch einmal.
try-again-seconds = Bitte versuchen Sie es in { $count ->
    [one] { $count } Sekunde
   *[other] { $count } Sekunden
} noch einmal.
try-again-minutes = Bitte versuchen Sie es in { $count ->
    [one] { $count } Minute
   *[other] { $count } Minuten
} noch einmal.
try-again-hours = Bitte versuchen Sie es in { $count ->
    [one] { $count } Stunde
   *[other] { $count } Stunden
} noch einmal.
our-fault-title = Etwas ist schiefgegangen
our-fault-text = Der Fehler liegt bei uns. Nichts wurde geändert. Bitte versuchen Sie es später noch einmal.

# Pausing, how often at most, other brands, and what was done.
pause-heading = Pause
pause-text = { $brand } schickt Ihnen für eine Weile keinerlei Werbung. Ihre Auswahl bleibt, und die Pause endet von selbst, um 12:00 Uhr UTC an ihrem Tag.
pause-for = Für wie lange?
pause-months = { $count ->
    [one] { $count } Monat
   *[other] { $count } Monate
}
pause-until = Oder bis zu einem Tag
pause-button = Pausieren
pause-runs = { $brand } pausiert bis zum { $day }. Dann geht es von selbst weiter.
pause-end-button = Schicken Sie mir jetzt wieder etwas
all-email-button = Alles per E-Mail bekommen
none-button = Nichts bekommen
shortcuts-hint = Die letzten beiden gelten sofort, für jedes Thema oben; ein sensibles beginnt nur mit seinem eigenen Kästchen. Auf der nächsten Seite können Sie es rückgängig machen. Der letzte beendet auch jedes Aufzeichnen.
further-down = Weiter unten auf dieser Seite
topic-example = Ein Beispiel ansehen
at-most-legend = Wie oft darf Ihnen { $brand } höchstens schreiben?
at-most-hint = Das zählt für jeden Weg einzeln. Was zurückgehalten wird, wird nicht nachgeschickt.
at-most-short = Wie oft
at-most-each = Jedes Mal, wenn es etwas gibt, das ich gewählt habe
at-most-weekly = Höchstens einmal in der Woche
at-most-monthly = Höchstens einmal im Monat
language-heading = Sprache
language-label = Für diese Seiten und unsere Service-E-Mails, etwa Bestätigungen:
language-browser = In der Sprache meines Browsers
others-heading = Andere Marken, mit denen Sie zu tun haben ({ $count })
others-text = Jede führt eine eigene Auswahl. Den Link dorthin schicken wir Ihnen per E-Mail, denn diese Seite könnte weitergeleitet worden sein.
others-button = Schicken Sie mir den Link für { $brand }
other-link-sent-lead = Wir haben einen Link an <strong class="address">{ $address }</strong> geschickt. Er öffnet Ihre Auswahl bei { $brand }.
complain-us = Stimmt etwas nicht? Beschweren Sie sich bei uns: <a href="mailto:{ $address }">{ $address }</a>.
complain-authority = Oder bei denen, die uns beaufsichtigen: im Vereinigten Königreich beim <a href="{ $ico }" rel="noreferrer">Information Commissioner’s Office</a>, anderswo bei Ihrer eigenen <a href="{ $edpb }" rel="noreferrer">Datenschutzbehörde</a>.
result-paused = Pause bis zum { $day }
result-paused-lead = { $brand } schickt Ihnen bis dahin nichts und macht dann von selbst mit Ihrer Auswahl weiter.
result-resumed = Die Pause ist vorbei
result-resumed-lead = { $brand } schickt Ihnen, was Sie gewählt haben.
result-undone = Rückgängig gemacht
result-undone-lead = Ihre Auswahl bei { $brand } ist wieder so, wie sie vorher war.
result-when = Geschehen am { $day } um { $time } Uhr UTC; seitdem gilt es.
result-more = Außerdem geändert
result-changed = Was sich geändert hat
changed-pause-over = Die Pause ist vorbei.
changed-at-most-each = Sie bekommen jede Nachricht, die Sie gewählt haben.
changed-at-most-weekly = Sie bekommen höchstens eine Nachricht in der Woche.
changed-at-most-monthly = Sie bekommen höchstens eine Nachricht im Monat.
changed-language = Diese Seiten und unsere Service-E-Mails an Sie sind auf { $language ->
    [cy] Walisisch
    [de] Deutsch
    [fr] Französisch
   *[en-GB] Englisch
}. Was eine Marke Ihnen schickt, kommt in deren eigener Sprache.
changed-language-browser = Diese Seiten richten sich nach der Sprache Ihres Browsers.
result-late = Was noch ankommen kann
result-late-email = Eine E-Mail, die uns vorher verlassen hat.
result-late-post = Post, die schon gedruckt wurde oder unterwegs war.
undo-heading = Anders überlegt?
undo-text = Ein Klick macht Ihre Auswahl bei { $brand } wieder so, wie sie davor war.
undo-agrees = Mit „Rückgängig machen“ stimme ich wieder zu:
undo-not-offered = Nicht mehr im Angebot und kommt deshalb nicht zurück: { $choices }.
undo-button = Rückgängig machen
undo-done = Das wurde rückgängig gemacht.
undo-overtaken = Daran hat sich seitdem etwas geändert, deshalb lässt es sich von hier aus nicht mehr rückgängig machen.
undo-forbidden = Aus einem anderen Grund dürfen wir Ihre Adresse nicht mehr verwenden, deshalb lässt sich das nicht rückgängig machen.
receipt-heading = Ihr Beleg
receipt-text = Bewahren Sie die Adresse dieser Seite auf oder die Datei. Die Datei ist signiert: Jeder kann prüfen, dass sie von uns ist und nicht verändert wurde.
receipt-number = Nummer
receipt-when = Wann
receipt-for = Für
receipt-with = Mit
receipt-tracking = Darf aufgezeichnet werden
receipt-nothing = Nichts
receipt-button = Den signierten Beleg herunterladen (JSON)
reason-heading = Sagen Sie uns, warum?
reason-text = Nur wenn Sie möchten. Wir zählen es für die Nachricht, aus der Sie kamen, ohne Ihren Namen.
reason-too-many = Es kam zu oft
reason-not-for-me = Es ging um nichts, was mich betrifft
reason-never-asked = Ich habe nie darum gebeten
reason-other = Etwas anderes
reason-button = Absenden
reason-thanks = Danke. Es ist gezählt, ohne Ihren Namen.

# One kind of message alone, and no tracking.
only-heading = Nur eines behalten
only-text = Alles andere endet sofort, auf jedem Weg. Themen, die auf demselben Weg kommen, bleiben: Sie sagen nur, worum es geht.
only-label = Was möchten Sie behalten?
only-button = Nur das behalten
no-tracking-text = Sie haben uns erlaubt, manches aufzuzeichnen, was Sie tun. Ein Klick beendet das und löscht, was wir über Sie aufgezeichnet haben; Summen ohne Personen bleiben. Sie bekommen dieselben E-Mails.
no-tracking-button = Nichts über mich aufzeichnen
