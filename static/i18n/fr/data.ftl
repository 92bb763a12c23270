# The page of a person's data: correcting it, another address, closing the account; and the mails about an address.

problem-data-changed = Vos données ont changé entre-temps. Regardez de nouveau, puis enregistrez encore une fois
problem-address-same = C’est l’adresse que nous avons déjà. Saisissez-en une autre, par exemple nom@example.com
correct-heading = Corriger vos données
correct-text = Videz ce que nous ne devons pas garder. Cela vaut dès que vous enregistrez.
correct-phone-hint = Si vous videz ce champ, nous ne vous appelons plus, et ce que vous avez choisi par téléphone prend fin.
correct-post-hint = Si vous videz ce champ, nous ne vous envoyons plus de courrier, et ce que vous avez choisi par courrier prend fin.
correct-button = Enregistrer mes données
correct-saved = Enregistré, et utilisé dès maintenant. Là où vous avez retiré un numéro de téléphone ou une adresse postale, ce que vous aviez choisi par téléphone ou par courrier a pris fin.
new-address-heading = Utiliser une autre adresse e-mail
new-address-text = Ce que vous avez choisi vous suit. Rien ne change avant que vous cliquiez sur le bouton derrière le lien que nous y envoyons.
new-address-label = Nouvelle adresse e-mail
new-address-hint = Nous y envoyons un lien.
new-address-button = Envoyer un lien à la nouvelle adresse
address-sent-heading = Regardez dans la nouvelle boîte
address-sent-lead = Nous envoyons un e-mail à <strong class="address">{ $address }</strong>. Rien ne change avant que vous ouvriez le lien qu’il contient et cliquiez sur le bouton.
address-sent-next = Le lien fonctionne { $hours ->
    [one] { $hours } heure
   *[other] { $hours } heures
}. Si rien n’arrive, regardez dans le dossier des indésirables, et si l’adresse est bien écrite.
back-to-data = Retour à vos données
address-confirm-heading = Utiliser cette adresse ?
address-confirm-lead = Au lieu de <strong class="address">{ $old }</strong>, nous écririons à <strong class="address">{ $new }</strong>.
address-confirm-wording = Ce que j’ai choisi chez { $brand }, et chez les autres marques avec lesquelles je suis en relation ici, arrive désormais à cette adresse.
address-confirm-button = Oui, utiliser cette adresse
address-changed-heading = Votre adresse est changée
address-changed-lead = Désormais nous écrivons à <strong class="address">{ $address }</strong>, et ce que vous avez choisi continue là.
address-changed-next = Nous avons prévenu l’ancienne adresse. Les liens des e-mails que vous avez fonctionnent encore ; les liens vers vos données, non : demandez-en un nouveau.
address-changed-refused = Quelqu’un a dit un jour à { $brand } de ne pas envoyer d’e-mails à cette adresse ; il n’en arrive donc pas. Si vous en souhaitez, choisissez de nouveau.
address-taken-heading = Cette adresse a son propre compte
address-taken-lead = { $brand } la connaît désormais ; nous ne pouvons donc pas l’utiliser pour un autre compte. Rien n’a été changé.
address-taken-next = Ce que vous y avez choisi, vous pouvez le voir : <a href="{ $url }">recevoir le lien</a>. Vous pouvez fermer le compte dont vous n’avez plus besoin.
erased-gone = Ce qui a disparu
erased-gone-data = Votre adresse, votre nom, votre numéro de téléphone et tout ce que nous avions d’autre sur vous, chez toutes nos marques.
erased-gone-choices = Ce que vous avez choisi, ce qui était enregistré sur les ouvertures et les clics, et les e-mails qui devaient encore partir.
erased-stays = Ce qui reste
erased-stays-hash = Une forme brouillée de vos adresses, d’où l’on ne peut pas les lire. Elle sert seulement à ce qu’aucune liste ne vous ramène.
erased-stays-ledger = La trace que vous avez accepté et que vous y avez mis fin, sous un numéro qui ne mène à personne.
erased-questions = Des questions ? Écrivez à <a href="mailto:{ $address }">{ $address }</a>.

address-change-subject = Confirmez votre nouvelle adresse chez { $brand }
address-change-heading = Est-ce votre nouvelle adresse ?
address-change-lead = Quelqu’un, très probablement vous, souhaite que { $brand } écrive désormais à cette adresse.
address-change-button = Regarder et confirmer
address-change-next = Le lien fonctionne { $hours ->
    [one] { $hours } heure
   *[other] { $hours } heures
}. Il ouvre une page avec un bouton ; rien ne change avant que vous cliquiez dessus.
address-change-not-you = Si ce n’était pas vous, ne faites rien. Rien ne change.
address-changed-subject = Votre adresse chez { $brand } a été changée
address-changed-mail-heading = Votre adresse a été changée
address-changed-mail-lead = Depuis le { $day }, { $brand } écrit à { $address } et non plus à cette adresse, parce que quelqu’un qui a accès aux deux l’a demandé.
address-changed-not-you = Si ce n’était pas vous, écrivez tout de suite à { $contact }.
address-taken-subject = { $brand } connaît déjà cette adresse
address-taken-mail-heading = Vous avez déjà un compte ici
address-taken-mail-lead = Quelqu’un, très probablement vous, souhaite utiliser cette adresse pour un autre compte chez { $brand }. Elle a le sien ; rien n’a donc été changé : nous n’en réunissons jamais deux de nous-mêmes.
address-taken-mail-next = Choisissez ici ce que vous souhaitez recevoir. Fermez ensuite l’autre compte, depuis la page de ses données, si vous n’en avez plus besoin.

fact-acts = Ce que vous avez fait sur nos pages
fact-at-most = à quelle fréquence au plus
fact-paused = jusqu’au { $day }
did-saved = Vous avez enregistré vos choix.
did-stopped = Vous avez tout arrêté.
did-paused = Vous avez demandé une pause.
did-resumed = Vous avez mis fin à une pause.
did-unsubscribed = Vous vous êtes désinscrit de tous les e-mails.
did-undone = Vous avez annulé ce que vous aviez fait auparavant.

# A link that is good for nothing any more.
gone-data = Il montre des données personnelles et n’était donc valable que { $hours ->
    [one] { $hours } heure
   *[other] { $hours } heures
}.
gone-moved = Il a été envoyé avant le changement de votre adresse et ne montre donc plus rien.
gone-change = Un lien vers une nouvelle adresse est valable { $hours ->
    [one] { $hours } heure
   *[other] { $hours } heures
}. Rien n’a été modifié.
gone-overtaken = Un lien plus récent l’a remplacé. Ouvrez l’e-mail le plus récent et suivez le lien qu’il contient. Celui-ci n’a rien modifié.
gone-fresh = Nous vous envoyons le lien vers vos choix. De là, vous pouvez demander un nouveau lien vers vos données.

# What is held, by what it is about.
data-answers = Ce que vous avez répondu
data-acts = Ce que vous avez fait sur nos pages
data-counts = Ce que nous avons aussi noté
fact-count = { $count }, dans la copie ci-dessous
did-agree = Accepté : { $topics }
did-end = Arrêté : { $topics }
source-form = L’un de nos formulaires d’inscription
