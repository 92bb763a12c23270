# Formulare, über die jemand dazukommt.

phone-when = Nur nötig und nur gespeichert, wenn Sie Telefon angekreuzt haben.
post-when = Nur nötig und nur gespeichert, wenn Sie Post angekreuzt haben.
problem-first-name-missing = Geben Sie Ihren Vornamen ein
problem-last-name-missing = Geben Sie Ihren Nachnamen ein
problem-company-missing = Geben Sie den Namen Ihres Unternehmens ein
problem-country-missing = Geben Sie Ihr Land ein
sign-up-policy-inside = Wie wir mit Ihren Daten umgehen: <a href="{ $url }" rel="noreferrer" target="_blank">unsere Datenschutzerklärung</a>.

# Bestätigen.
confirm-details-heading = Was wir über Sie speichern werden
confirm-details-hint = Das wurde im Formular eingegeben; mit der Schaltfläche wird es zu dem, was { $brand } über Sie weiß. Weil E-Mails weitergeleitet werden können, zeigen wir von Nummer und Anschrift nur Anfang und Ende.
ended-heading = Dieser Link bewirkt nichts mehr
ended-lead = Nachdem er gesendet wurde, wurde das Gewünschte beendet oder zurückgenommen; es gibt also nichts zu bestätigen. Bei { $brand } hat nichts begonnen.
ended-moved = Er wurde an eine Adresse gesendet, die seitdem geändert wurde; mit ihm lässt sich nichts mehr bestätigen.
outdated-lead = Nachdem er gesendet wurde, hat { $brand } begonnen, alle neu zu fragen; was vorher gewünscht wurde, zählt nicht mehr. Nichts hat begonnen.
expired-sign-up = Noch einmal anmelden
expired-sign-up-hint = Wenn Sie weiterhin von { $brand } hören möchten, senden wir einen neuen Link.
expired-link = Meinen Link zusenden
expired-link-hint = Wenn Sie schon etwas von { $brand } bekommen, senden wir Ihnen einen Link, um es anzusehen und zu ändern.
