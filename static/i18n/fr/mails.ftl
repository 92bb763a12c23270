# What the service mails say.

confirmation-subject = Veuillez confirmer : e-mails de { $brand }
confirmation-heading = Veuillez confirmer
confirmation-lead = Quelqu’un, très probablement vous, a indiqué cette adresse et demandé :
confirmation-button = Voir et confirmer
confirmation-next = Le lien est valable { $days ->
    [one] { $days } jour
   *[other] { $days } jours
}. Il ouvre une page avec un bouton ; rien ne commence avant que vous cliquiez dessus.
confirmation-not-you = Si ce n’était pas vous, ne faites rien : vous ne recevrez aucun e-mail de notre part.

preference-link-subject = Votre lien vers vos choix auprès de { $brand }
preference-link-heading = Votre lien vers vos choix
preference-link-lead = Quelqu’un, très probablement vous, a demandé le lien vers la page où vous voyez et modifiez ce que vous recevez de { $brand }.
preference-link-button = Voir vos choix
preference-link-not-you = Si ce n’était pas vous, ne faites rien. Rien ne change, et personne d’autre que vous n’a ce lien, sauf si vous transférez cet e-mail.

data-link-subject = Votre lien vers vos données chez { $brand }
data-link-heading = Votre lien vers vos données
data-link-lead = Vous, ou quelqu’un qui a un e-mail que nous vous avons envoyé, avez demandé la page qui montre les données que nous conservons sur vous. Vous pouvez y corriger ces données, en télécharger une copie, utiliser une autre adresse ou fermer votre compte.
data-link-button = Voir vos données
data-link-next = Le lien est valable { $hours ->
    [one] { $hours } heure
   *[other] { $hours } heures
}. Veuillez ne pas transférer cet e-mail.
data-link-not-you = Si ce n’était pas vous, ne faites rien. Rien ne change.

# The fixed lines of each letter.
letter-unsubscribe = Se désabonner
letter-preferences = Préférences
letter-view = Voir dans le navigateur
letter-source = Vos coordonnées ne nous viennent pas de vous : elles viennent de { $source }.
letter-source-policy = Ce que { $source } fait de vos coordonnées
letter-why = Vous recevez cet e-mail de { $brand }. « Préférences » montre ce que vous avez accepté et permet de le modifier.
letter-published = Publié par { $brand }.
