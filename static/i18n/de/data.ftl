# The page of a person's data: correcting it, another address, closing the account; and the mails about an address.

problem-data-changed = Ihre Daten haben sich inzwischen geändert. Bitte sehen Sie noch einmal nach und speichern Sie erneut
problem-address-same = Diese Adresse haben wir schon. Geben Sie eine andere ein, etwa name@example.com
correct-heading = Daten berichtigen
correct-text = Leeren Sie, was wir nicht behalten sollen. Es gilt, sobald Sie speichern.
correct-phone-hint = Wenn Sie dieses Feld leeren, rufen wir Sie nicht mehr an, und was Sie per Telefon gewählt haben, endet.
correct-post-hint = Wenn Sie dieses Feld leeren, schicken wir Ihnen keine Post mehr, und was Sie per Post gewählt haben, endet.
correct-button = Daten speichern
correct-saved = Gespeichert und ab jetzt verwendet. Wo Sie eine Telefonnummer oder eine Postanschrift entfernt haben, ist beendet, was Sie per Telefon oder per Post gewählt hatten.
new-address-heading = Eine andere E-Mail-Adresse verwenden
new-address-text = Was Sie gewählt haben, geht mit. Nichts ändert sich, bevor Sie auf die Schaltfläche hinter dem Link klicken, den wir dorthin senden.
new-address-label = Neue E-Mail-Adresse
new-address-hint = Wir senden einen Link dorthin.
new-address-button = Link an die neue Adresse senden
address-sent-heading = Sehen Sie in das neue Postfach
address-sent-lead = Wir senden eine E-Mail an <strong class="address">{ $address }</strong>. Nichts ändert sich, bevor Sie den Link darin öffnen und auf die Schaltfläche klicken.
address-sent-next = Der Link funktioniert { $hours ->
    [one] { $hours } Stunde
   *[other] { $hours } Stunden
} lang. Wenn nichts ankommt, sehen Sie im Spam-Ordner nach, und ob die Adresse richtig geschrieben ist.
back-to-data = Zurück zu Ihren Daten
address-confirm-heading = Diese Adresse verwenden?
address-confirm-lead = Statt an <strong class="address">{ $old }</strong> würden wir an <strong class="address">{ $new }</strong> schreiben.
address-confirm-wording = Was ich bei { $brand } und bei den anderen Marken gewählt habe, mit denen ich hier zu tun habe, kommt ab jetzt an diese Adresse.
address-confirm-button = Ja, diese Adresse verwenden
address-changed-heading = Ihre Adresse ist geändert
address-changed-lead = Ab jetzt schreiben wir an <strong class="address">{ $address }</strong>, und was Sie gewählt haben, geht dort weiter.
address-changed-next = Wir haben es der alten Adresse mitgeteilt. Die Links in den E-Mails, die Sie haben, funktionieren weiter; Links zu Ihren Daten nicht: Fordern Sie dafür einen neuen an.
address-changed-refused = Jemand hat { $brand } einmal gesagt, an diese Adresse keine E-Mails zu senden; deshalb kommen keine. Wenn Sie welche möchten, wählen Sie neu.
address-taken-heading = Diese Adresse hat ein eigenes Konto
address-taken-lead = { $brand } kennt sie inzwischen, deshalb können wir sie nicht für ein anderes Konto verwenden. Es wurde nichts geändert.
address-taken-next = Was Sie dort gewählt haben, können Sie sehen: <a href="{ $url }">Link dazu anfordern</a>. Das Konto, das Sie nicht mehr brauchen, können Sie schließen.
erased-gone = Was weg ist
erased-gone-data = Ihre Adresse, Ihr Name, Ihre Telefonnummer und was wir sonst über Sie hatten, bei allen unseren Marken.
erased-gone-choices = Was Sie gewählt haben, was über Öffnungen und Klicks aufgezeichnet war, und E-Mails, die noch nicht abgegangen waren.
erased-stays = Was bleibt
erased-stays-hash = Eine unlesbare Form Ihrer Adressen. Sie dient nur dazu, dass keine Liste Sie zurückbringt.
erased-stays-ledger = Der Nachweis, dass Sie zugestimmt und dass Sie es beendet haben, unter einer Nummer, die zu niemandem führt.
erased-questions = Fragen? Schreiben Sie an <a href="mailto:{ $address }">{ $address }</a>.

address-change-subject = Bitte bestätigen Sie Ihre neue Adresse bei { $brand }
address-change-heading = Ist das Ihre neue Adresse?
address-change-lead = Jemand, wahrscheinlich Sie, möchte, dass { $brand } ab jetzt an diese Adresse schreibt.
address-change-button = Ansehen und bestätigen
address-change-next = Der Link funktioniert { $hours ->
    [one] { $hours } Stunde
   *[other] { $hours } Stunden
} lang. Er öffnet eine Seite mit einer Schaltfläche; nichts ändert sich, bevor Sie darauf klicken.
address-change-not-you = Wenn Sie das nicht waren, tun Sie nichts. Nichts ändert sich.
address-changed-subject = Ihre Adresse bei { $brand } wurde geändert
address-changed-mail-heading = Ihre Adresse wurde geändert
address-changed-mail-lead = Seit dem { $day } schreibt { $brand } an { $address } und nicht mehr an diese Adresse, weil jemand mit Zugang zu beiden es so wollte.
address-changed-not-you = Wenn Sie das nicht waren, schreiben Sie bitte sofort an { $contact }.
address-taken-subject = Diese Adresse kennt { $brand } schon
address-taken-mail-heading = Sie haben hier schon ein Konto
address-taken-mail-lead = Jemand, wahrscheinlich Sie, möchte diese Adresse für ein anderes Konto bei { $brand } verwenden. Sie hat ein eigenes, deshalb wurde nichts geändert: Wir führen zwei nie von uns aus zusammen.
address-taken-mail-next = Wählen Sie hier, was Sie erhalten möchten. Schließen Sie dann das andere Konto auf der Seite seiner Daten, wenn Sie es nicht mehr brauchen.

fact-acts = Was Sie auf unseren Seiten getan haben
fact-at-most = wie oft höchstens
fact-paused = bis { $day }
did-saved = Sie haben Ihre Auswahl gespeichert.
did-stopped = Sie haben alles beendet.
did-paused = Sie haben um eine Pause gebeten.
did-resumed = Sie haben eine Pause beendet.
did-unsubscribed = Sie haben sich von allen E-Mails abgemeldet.
did-undone = Sie haben rückgängig gemacht, was Sie zuvor getan hatten.

# A link that is good for nothing any more.
gone-data = Er zeigt persönliche Daten und galt deshalb nur { $hours ->
    [one] { $hours } Stunde
   *[other] { $hours } Stunden
}.
gone-moved = Er wurde verschickt, bevor Ihre Adresse geändert wurde, und zeigt deshalb nichts mehr.
gone-change = Ein Link zu einer neuen Adresse gilt { $hours ->
    [one] { $hours } Stunde
   *[other] { $hours } Stunden
}. Es wurde nichts geändert.
gone-overtaken = Ein neuerer Link hat ihn abgelöst. Öffnen Sie die neueste E-Mail und nehmen Sie den Link darin. Durch diesen wurde nichts geändert.
gone-fresh = Wir senden Ihnen den Link zu Ihren Einstellungen. Von dort können Sie einen neuen Link zu Ihren Daten anfordern.

# What is held, by what it is about.
data-answers = Was Sie geantwortet haben
data-acts = Was Sie auf unseren Seiten getan haben
data-counts = Was wir sonst festgehalten haben
fact-count = { $count }, alle in der Kopie unten
did-agree = Zugestimmt: { $topics }
did-end = Beendet: { $topics }
source-form = Ein Anmeldeformular von uns
