# What the pages say.

# Around every page.
error-title = Erreur : { $title }
error-prefix = Erreur :
errors-heading = Il y a un problème
optional = (facultatif)
languages = Langues

# The front page.
home-heading = Des envois publicitaires qui demandent d’abord
home-lead = Ce serveur conserve ce à quoi chaque personne a consenti, par sujet et par canal, et n’écrit qu’à ces personnes. Quand on lui dit d’arrêter, il arrête aussitôt.
home-sign-up = S’inscrire
home-hear-from = Recevoir des nouvelles de { $brand }
home-programs = Pour les programmes
home-api = Documentation de l’API
home-api-hint = Pour les programmes qui gèrent des marques et des campagnes
product-line = Mannerly : des envois publicitaires qui demandent d’abord.

# Fields to type into.
email-label = Adresse e-mail
first-name-label = Prénom
last-name-label = Nom
company-label = Entreprise
country-label = Pays
phone-label = Numéro de téléphone
post-label = Adresse postale
email-hint = Nous envoyons d’abord un lien de confirmation, puis ce que vous choisissez ci-dessous.
email-hint-link = L’adresse à laquelle vous recevez nos e-mails.
first-name-hint = Pour vous saluer par votre prénom.
last-name-hint = Pour nous adresser à vous correctement.
company-hint = Pour savoir quelles organisations nous servons.
country-hint = Pour respecter les règles de votre pays.
phone-hint = Nécessaire, et conservé, seulement si vous avez coché Téléphone. Nous n’appelons pour rien d’autre.
phone-format = Avec l’indicatif du pays, par exemple +33 1 99 00 00 00.
post-hint = Nécessaire, et conservée, seulement si vous avez coché Courrier. Nous n’écrivons pour rien d’autre.

# Boxes for topics.
communications-legend = Que souhaitez-vous recevoir ?
communications-hint = Cochez tout ce qui vous convient, et la façon de le recevoir.
subjects-legend = Quels sujets vous intéressent ?
subjects-hint = Cochez tout ce qui vous convient. Ce que vous recevrez en parlera.
sensitive-note = Un sujet sensible : votre réponse reste confidentielle et ne sert jamais à vous noter ni à vous classer.
pending-note = { $channel } : vous l’avez demandé et ne l’avez pas encore confirmé.

# Boxes for tracking.
tracking-legend = Pouvons-nous compter les ouvertures et les clics ?
tracking-hint = Cela est distinct des e-mails : vous les recevez dans tous les cas, et vous pouvez très bien dire non.
tracking-gpc = Votre navigateur demande à ne pas être suivi : ces cases sont donc vides, et nous n’enregistrons rien tant qu’il le demande. Ce que vous aviez répondu reste tel quel si vous ne le changez pas ici.
tracking-stays = La case vide n’y change rien ; le bouton ci-dessous y met fin.
stored-never = La question ne vous a pas encore été posée ; c’est donc désactivé.
stored-granted = Vous l’avez autorisé le { $since }.
stored-refused = Vous l’avez refusé le { $since }.

# Signing up.
sign-up-title = S’inscrire
sign-up-heading = Recevoir des nouvelles de { $brand }
sign-up-lead = Choisissez ce que vous souhaitez recevoir. Vous pouvez changer d’avis à tout moment, grâce à un lien dans chaque e-mail.
about-you = À propos de vous
about-you-hint = Seule votre adresse e-mail est nécessaire.
sign-up-policy = Comment nous traitons vos données : <a href="{ $url }" rel="noreferrer">notre politique de confidentialité</a>.
sign-up-button = S’inscrire
check-inbox = Consultez votre messagerie
sign-up-done-lead = S’il y a quelque chose à confirmer, un e-mail avec un lien est en route vers l’adresse indiquée. Cela prend en général quelques minutes, et jusqu’à un jour quand les inscriptions sont nombreuses.
sign-up-done-next = Rien ne commence avant que vous ayez ouvert ce lien et cliqué sur le bouton. Le lien est valable { $days ->
    [one] { $days } jour
   *[other] { $days } jours
}.
no-email-heading = Pas d’e-mail ?
no-email = Regardez dans les indésirables. Nous envoyons au plus un e-mail de ce type par jour à une adresse. Si rien n’est arrivé après un jour, ou si l’adresse contenait une faute de frappe, <a href="{ $url }">inscrivez-vous à nouveau</a>.

# Asking for the link to the choices.
link-title = Obtenir votre lien
link-heading = Obtenir un lien vers vos choix
link-lead = Indiquez-nous votre adresse et nous vous enverrons un lien. Il ouvre la page où vous voyez et modifiez ce que vous recevez de { $brand }.
link-button = M’envoyer mon lien
link-done-lead = Si nous connaissons l’adresse indiquée, un e-mail avec votre lien est en route.
link-done-next = Attendez quelques minutes et regardez dans les indésirables. Pour protéger votre vie privée, nous donnons la même réponse pour toutes les adresses.

# Confirming.
confirm-title = Veuillez confirmer
confirm-heading = Est-ce bien ce que vous voulez ?
confirm-lead = Quelqu’un, très probablement vous, a demandé à { $brand } :
confirm-button = Oui, je confirme
confirm-not-you = Ce n’était pas vous, ou cela ne vous intéresse plus ? Fermez cette page : rien ne commence sans le bouton.
confirmed-title = Merci
confirmed-heading = Merci, c’est confirmé
confirmed-ended = Vous avez mis fin à tout cela depuis.
confirmed-lead = Voici ce à quoi vous avez consenti auprès de { $brand } :
confirmed-next = Chaque e-mail contient un lien pour arrêter. Vous pouvez aussi <a href="{ $url }">voir et modifier vos choix</a> dès maintenant.
expired-heading = Ce lien a expiré
expired-lead = Un lien de confirmation est valable { $days ->
    [one] { $days } jour
   *[other] { $days } jours
}, afin que personne ne puisse vous inscrire avec un ancien e-mail. Rien n’a commencé.

# The choices.
preferences-title = Vos choix
preferences-heading = Vos choix auprès de { $brand }
preferences-lead = Pour <strong class="address">{ $address }</strong>. Ce que vous modifiez ici s’applique dès que vous cliquez sur un bouton.
stop-heading = Tout arrêter
stop-button = Tout arrêter de { $brand }
save-button = Enregistrer mes choix
your-data = Vos données
your-data-text = Voyez ce que nous conservons, corrigez-le, obtenez une copie, utilisez une autre adresse ou fermez votre compte. Comme cette page a pu être transférée, nous envoyons d’abord un nouveau lien à votre adresse.
your-data-button = M’envoyer un lien vers mes données
back-to-choices = Revenir à vos choix
unsaved = Vous aviez aussi modifié quelque chose sur la page sans l’enregistrer. Ce n’est pas enregistré.

# What was saved.
result-heading-saved = Enregistré, et c’est en vigueur
result-unchanged = Rien n’a changé
result-stopped = Tout est arrêté
result-stopped-lead = { $brand } ne vous envoie plus aucune publicité : ni e-mail, ni appel, ni courrier.
result-unchanged-lead = Vos choix sont restés tels quels.
result-saved-lead = { $brand } suit vos nouveaux choix.
result-started = Vous recevrez désormais
result-started-paused = Vous recevrez, une fois la pause terminée
result-ended = Vous ne recevrez plus
result-tracking = Comptage des ouvertures et des clics
result-continues = Inchangé : vous recevez toujours
result-continues-paused = Inchangé, et de retour après la pause
result-nothing = Vous ne recevez plus rien de { $brand }.
result-subjects-only = Vous avez choisi des sujets, mais aucun type de message qui pourrait en parler ; rien ne vient donc avant que vous en choisissiez un.
now-counting-opens = Nous comptons désormais quand vous ouvrez nos e-mails.
now-counting-clicks = Nous comptons désormais quand vous suivez un lien de nos e-mails.
now-profiling = Vous nous autorisez à choisir ce que nous vous envoyons d’après ce que vous avez ouvert et suivi. Nous ne le faisons pas aujourd’hui.
not-counting-opens = Nous ne comptons pas quand vous ouvrez nos e-mails.
not-counting-clicks = Nous ne comptons pas quand vous suivez un lien de nos e-mails.
not-profiling = Nous ne choisissons pas ce que nous vous envoyons d’après ce que vous faites.
no-longer-counting-opens = Nous ne comptons plus quand vous ouvrez nos e-mails, et nous avons supprimé ce que nous avions enregistré sur vous. Les totaux sans personne restent.
no-longer-counting-clicks = Nous ne comptons plus quand vous suivez un lien de nos e-mails, et nous avons supprimé ce que nous avions enregistré sur vous. Les totaux sans personne restent.
no-longer-profiling = Nous ne pouvons plus choisir ce que nous vous envoyons d’après ce que vous faites.

# Unsubscribing.
unsubscribe-heading = Se désabonner
unsubscribe-lead = Un seul clic arrête <strong>{ $scope }</strong>. C’est immédiat, et vous n’avez aucune raison à donner.
unsubscribe-button = Se désabonner
unsubscribe-finer = Vous préférez en garder une partie ? <a href="{ $url }">Choisissez ce que vous recevez</a>.
unsubscribed-heading = Votre désabonnement est fait
unsubscribed-lead = Nous avons arrêté <strong>{ $scope }</strong>.
unsubscribed-nothing = Vous ne recevez aucune autre publicité de { $brand }.
unsubscribed-continues = Ce qui continue
unsubscribed-continues-lead = Vous y avez consenti séparément, cela reste donc tel quel :
unsubscribed-finer = Appuyé par erreur, ou envie de choisir plus finement ? <a href="{ $url }">Voyez vos choix</a>.

# The data.
data-link-sent-lead = Nous avons envoyé un lien à <strong class="address">{ $address }</strong>. Il ouvre la page avec les données que nous conservons sur vous.
data-link-sent-next = Le lien est valable { $hours ->
    [one] { $hours } heure
   *[other] { $hours } heures
}. Si rien n’arrive, regardez dans les indésirables.
link-not-sent-lead = Nous n’avons rien envoyé cette fois : des liens ont déjà été envoyés aujourd’hui à <strong class="address">{ $address }</strong>.
link-not-sent-next = Ouvrez le plus récent ; regardez aussi dans les indésirables. Nous en envoyons au plus { $most } par jour : vous pourrez en redemander un demain.
data-heading = Vos données chez { $brand }
data-lead = Voici ce que nous conservons sur <strong class="address">{ $address }</strong>.
copy-heading = Obtenir une copie
copy-text = Un fichier avec tout ce qui précède et le registre complet de ce à quoi vous avez consenti, quand et comment. Il est au format JSON, que d’autres programmes savent lire.
copy-button = Télécharger une copie (JSON)
close-heading = Fermer votre compte
close-text = Nous effaçons vos données et arrêtons toute publicité. C’est irréversible. Deux choses restent : une forme brouillée de votre adresse, afin que personne ne vous ajoute à nouveau par erreur, et le registre de ce à quoi vous avez consenti et mis fin, sans votre nom ni votre adresse.
close-understood = Je comprends que mes données seront effacées et ne pourront pas être récupérées.
close-button = Fermer mon compte et effacer mes données
erased-heading = Votre compte est fermé
erased-lead = Vos données sont effacées, et { $brand } ne vous envoie plus aucune publicité.
erased-next = Dans les e-mails que vous avez déjà, les liens vers d’autres pages continuent de fonctionner, le désabonnement aussi ; les suivre n’enregistre rien. Le lien vers vos choix ne mène plus nulle part : il n’y a plus rien à choisir.
fact-language = Langue
fact-source = D’où elles viennent
fact-source-policy = Sa politique de confidentialité
fact-held-since = Conservées depuis le
fact-of-brand = { $brand } : { $what }
fact-pending = demandé le { $day }, pas encore confirmé
fact-granted = accepté depuis le { $day }
fact-refused = refusé le { $day }
fact-withdrawn = arrêté le { $day }
fact-decisions = Décisions enregistrées
fact-deliveries = Campagnes qui vous ont été envoyées ou non
fact-hits = Ouvertures et clics enregistrés
fact-service-mail = E-mails de service
fact-suppressions = Mentions qui nous interdisent de vous écrire

# A letter in the browser, and the archive of letters.
letter-bar = À propos de cette page
letter-bar-private = Cette page montre l’e-mail sans rien qui vous concerne, car son adresse peut être transmise.
letter-bar-pictures = Les images de { $hosts } ne sont pas affichées, pour que personne n’y apprenne que vous lisez ceci.
letter-bar-show = Afficher les images
letter-bar-hide = Masquer les images
letter-bar-date = Envoyée le { $day }
archive-title = E-mails
archive-heading = E-mails de { $brand }
archive-lead = Ce que { $brand } a envoyé, le plus récent d’abord.
archive-empty = Rien n’est encore publié ici.
archive-all = Tous les e-mails
archive-newer = E-mails plus récents
archive-older = E-mails plus anciens
archive-feed = Suivre par flux (Atom)
archive-sign-up = Recevoir le prochain

# The privacy notice.
notice-heading = Politique de confidentialité de { $brand }
notice-version = Version { $version }
notice-since = En vigueur depuis le { $from }.
notice-was = En vigueur du { $from } au { $until }.
notice-coming = Entre en vigueur le { $day }.
notice-none = Aucune n’était en vigueur le { $day }.
notice-other = Une autre version est en vigueur : <a href="{ $url }">lire celle-ci</a>.
notice-versions = Toutes les versions
notice-on = Quelle version était en vigueur ce jour-là ?
notice-on-button = Afficher cette version

# What went wrong.
not-found-title = Page introuvable
not-found-text = Vérifiez que l’adresse a été copiée en entier. Si vous venez d’un lien dans un e-mail, ouvrez le plus récent et essayez le lien qui s’y trouve.
damaged-title = Cela n’a pas fonctionné
damaged-text = Le formulaire est arrivé incomplet ou abîmé. Rien n’a été modifié. Revenez en arrière, rechargez la page et réessayez.
wrong-method-text = Cette adresse ne fait pas ce qui lui a été demandé. Rien n’a été modifié.
conflict-title = Ce n’est plus possible
conflict-text = Quelque chose a changé entre-temps. Revenez en arrière, rechargez la page et réessayez.
gone-title = Ce lien n’est plus valable
too-large-title = C’était trop
too-large-text = Ce qui a été envoyé est plus volumineux que ce que ce serveur accepte. Rien n’a été modifié.
too-many-title = Trop d’essais
unavailable-title = Nous ne pouvons pas répondre pour l’instant
nothing-changed = Rien n’a été modifié. { $when }
try-again-moment = Veuillez réessayer dans un instant.
try-again-seconds = Veuillez réessayer dans { $count ->
    [one] { $count } seconde
   *[other] { $count } secondes
}.
try-again-minutes = Veuillez réessayer dans { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}.
try-again-hours = Veuillez réessayer dans { $count ->
    [one] { $count } heure
   *[other] { $count } heures
}.
our-fault-title = Une erreur s’est produite
our-fault-text = La faute est de notre côté. Rien n’a été modifié. Veuillez réessayer plus tard.

# Pausing, how often at most, other brands, and what was done.
pause-heading = Pause
pause-text = Pendant un temps, { $brand } ne vous envoie aucune publicité. Vos choix restent, et la pause prend fin d’elle-même, à 12 h 00 UTC le jour dit.
pause-for = Pour combien de temps ?
pause-months = { $count ->
    [one] { $count } mois
   *[other] { $count } mois
}
pause-until = Ou jusqu’à un jour
pause-button = Mettre en pause
pause-runs = { $brand } fait une pause jusqu’au { $day }. Ensuite, les envois reprennent d’eux-mêmes.
pause-end-button = Écrivez-moi de nouveau dès maintenant
all-email-button = Tout recevoir par e-mail
none-button = Ne rien recevoir
shortcuts-hint = Les deux derniers agissent aussitôt, pour tous les sujets ci-dessus ; un sujet sensible ne commence que par sa propre case. Vous pouvez annuler sur la page suivante. Le dernier met aussi fin au suivi.
further-down = Plus bas sur cette page
topic-example = Voir un exemple
at-most-legend = À quelle fréquence { $brand } peut-il vous écrire, au plus ?
at-most-hint = Cela compte pour chaque moyen séparément. Ce qui est retenu n’est pas envoyé plus tard.
at-most-short = À quelle fréquence
at-most-each = Chaque fois qu’il y a quelque chose que j’ai choisi
at-most-weekly = Au plus une fois par semaine
at-most-monthly = Au plus une fois par mois
language-heading = Langue
language-label = Pour ces pages et nos e-mails de service, comme les confirmations :
language-browser = La langue de mon navigateur
others-heading = Autres marques avec lesquelles vous êtes en relation ({ $count })
others-text = Chacune conserve ses propres choix. Nous vous envoyons le lien par e-mail, car cette page a pu être transférée.
others-button = M’envoyer le lien pour { $brand }
other-link-sent-lead = Nous avons envoyé un lien à <strong class="address">{ $address }</strong>. Il ouvre vos choix chez { $brand }.
complain-us = Quelque chose ne va pas ? Faites-nous part de votre réclamation : <a href="mailto:{ $address }">{ $address }</a>.
complain-authority = Ou adressez-la à ceux qui nous surveillent : au Royaume-Uni, l’<a href="{ $ico }" rel="noreferrer">Information Commissioner’s Office</a> ; ailleurs, votre propre <a href="{ $edpb }" rel="noreferrer">autorité de protection des données</a>.
result-paused = En pause jusqu’au { $day }
result-paused-lead = { $brand } ne vous envoie rien d’ici là, puis reprend de lui-même avec ce que vous avez choisi.
result-resumed = La pause est terminée
result-resumed-lead = { $brand } vous envoie ce que vous avez choisi.
result-undone = Annulé
result-undone-lead = Vos choix chez { $brand } sont de nouveau ce qu’ils étaient avant.
result-when = Fait le { $day } à { $time } UTC, et en vigueur depuis.
result-more = Aussi modifié
result-changed = Ce qui a changé
changed-pause-over = La pause est terminée.
changed-at-most-each = Vous recevez chaque message que vous avez choisi.
changed-at-most-weekly = Vous recevez au plus un message par semaine.
changed-at-most-monthly = Vous recevez au plus un message par mois.
changed-language = Ces pages et nos e-mails de service sont en { $language ->
    [cy] gallois
    [de] allemand
    [fr] français
   *[en-GB] anglais
}. Ce qu’une marque vous envoie vient dans sa propre langue.
changed-language-browser = Ces pages suivent la langue de votre navigateur.
result-late = Ce qui peut encore arriver
result-late-email = Un e-mail parti auparavant.
result-late-post = Du courrier déjà en cours d’impression ou en chemin.
undo-heading = Vous avez changé d’avis ?
undo-text = Un clic rend à vos choix chez { $brand } l’état qu’ils avaient avant.
undo-agrees = Avec « Annuler », je consens de nouveau à :
undo-not-offered = N’est plus proposé et ne revient donc pas : { $choices }.
undo-button = Annuler cette modification
undo-done = Ceci a été annulé.
undo-overtaken = Quelque chose y a changé depuis ; cela ne peut plus être annulé d’ici.
undo-forbidden = Pour une autre raison, nous n’avons plus le droit d’utiliser votre adresse ; cela ne peut donc pas être annulé.
receipt-heading = Votre reçu
receipt-text = Gardez l’adresse de cette page, ou le fichier. Le fichier est signé : chacun peut vérifier qu’il vient de nous et n’a pas été modifié.
receipt-number = Numéro
receipt-when = Quand
receipt-for = Pour
receipt-with = Avec
receipt-tracking = Peut être enregistré
receipt-nothing = Rien
receipt-button = Télécharger le reçu signé (JSON)
reason-heading = Voulez-vous nous dire pourquoi ?
reason-text = Seulement si vous le souhaitez. Nous le comptons pour le message d’où vous venez, sans votre nom.
reason-too-many = Cela venait trop souvent
reason-not-for-me = Cela ne me concernait pas
reason-never-asked = Je ne l’ai jamais demandé
reason-other = Autre chose
reason-button = Envoyer
reason-thanks = Merci. C’est compté, sans votre nom.

# One kind of message alone, and no tracking.
only-heading = N’en garder qu’un
only-text = Tout le reste s’arrête aussitôt, par tous les moyens. Les sujets qui arrivent par le même moyen restent : ils disent seulement de quoi il s’agit.
only-label = Que souhaitez-vous garder ?
only-button = Ne garder que cela
no-tracking-text = Vous nous avez permis d’enregistrer une partie de ce que vous faites. Un clic y met fin et efface ce que nous avons enregistré sur vous ; les totaux sans personne restent. Vous recevez les mêmes e-mails.
no-tracking-button = Ne rien enregistrer sur moi
