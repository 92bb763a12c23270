# What the service mails say.

confirmation-subject = Bitte bestätigen: E-Mails von { $brand }
confirmation-heading = Bitte bestätigen
confirmation-lead = Jemand, sehr wahrscheinlich Sie, hat diese Adresse angegeben und um Folgendes gebeten:
confirmation-button = Ansehen und bestätigen
confirmation-next = Der Link gilt { $days ->
    [one] { $days } Tag
   *[other] { $days } Tage
}. Er öffnet eine Seite mit einer Schaltfläche; nichts beginnt, bevor Sie darauf klicken.
confirmation-not-you = Wenn Sie das nicht waren, tun Sie nichts: Sie bekommen keine E-Mails von uns.

preference-link-subject = Ihr Link zu Ihrer Auswahl bei { $brand }
preference-link-heading = Ihr Link zu Ihrer Auswahl
preference-link-lead = Jemand, sehr wahrscheinlich Sie, hat um den Link zu der Seite gebeten, auf der Sie sehen und ändern, was Sie von { $brand } bekommen.
preference-link-button = Ihre Auswahl ansehen
preference-link-not-you = Wenn Sie das nicht waren, tun Sie nichts. Nichts ändert sich, und niemand außer Ihnen hat diesen Link, solange Sie diese E-Mail nicht weiterleiten.

data-link-subject = Ihr Link zu Ihren Daten bei { $brand }
data-link-heading = Ihr Link zu Ihren Daten
data-link-lead = Jemand, vermutlich Sie selbst, hat mit einem Link aus einer unserer E-Mails um die Seite gebeten, die zeigt, welche Daten wir über Sie gespeichert haben. Dort können Sie sie berichtigen, eine Kopie herunterladen, eine andere Adresse verwenden oder Ihr Konto schließen.
data-link-button = Ihre Daten ansehen
data-link-next = Der Link gilt { $hours ->
    [one] { $hours } Stunde
   *[other] { $hours } Stunden
}. Bitte leiten Sie diese E-Mail nicht weiter.
data-link-not-you = Wenn Sie das nicht waren, tun Sie nichts. Nichts ändert sich.

# The fixed lines of each letter.
letter-unsubscribe = Abbestellen
letter-preferences = Einstellungen
letter-view = Im Browser ansehen
letter-source = Ihre Angaben haben wir nicht von Ihnen: Sie kamen von { $source }.
letter-source-policy = Wie { $source } mit Ihren Angaben umgeht
letter-why = Diese E-Mail bekommen Sie von { $brand }. „Einstellungen“ zeigt, worin Sie eingewilligt haben; dort können Sie es ändern.
letter-published = Veröffentlicht von { $brand }.
