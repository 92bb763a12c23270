# What pages and service mails both say.

day = { $day ->
    [1] 1er
   *[other] { $day }
} { $month ->
    [1] janvier
    [2] février
    [3] mars
    [4] avril
    [5] mai
    [6] juin
    [7] juillet
    [8] août
    [9] septembre
    [10] octobre
    [11] novembre
   *[12] décembre
} { $year }

privacy-policy = Politique de confidentialité

labelled = { $label } :

# Ways in which a message comes.
channel-email = E-mail
channel-phone = Téléphone
channel-post = Courrier

# Something to agree to, in a list.
item-email = { $topic } par e-mail
item-phone = { $topic } par téléphone
item-post = { $topic } par courrier
item-opens = Compter quand vous ouvrez un e-mail
item-clicks = Compter quand vous suivez un lien
item-profiling = Choisir ce que nous envoyons d’après ce que vous avez fait

# What ends, in the words of the page and of the record.
scope-email = tous les e-mails publicitaires de { $brand }
scope-everything = Plus aucune publicité de { $brand } : ni e-mail, ni appel, ni courrier, ni suivi.
restricted = Rien ne vous est envoyé pour le moment : l’usage de vos données est limité depuis le { $day }, à votre demande ou à la nôtre. Vos choix compteront ensuite.

# What one agrees to beside the boxes for tracking: kept in the record exactly so.
wording-opens = Oui, comptez quand j’ouvre un e-mail. Une image minuscule dans chaque e-mail nous indique qu’il a été ouvert. Pendant { $days ->
    [one] { $days } jour
   *[other] { $days } jours
}, nous conservons l’heure et s’il semble s’agir d’une personne ou d’un programme, jamais votre adresse IP ni votre appareil ; ensuite, il ne reste que des totaux.
wording-clicks = Oui, comptez quand je suis un lien. Les liens des e-mails passent par notre serveur. Pendant { $days ->
    [one] { $days } jour
   *[other] { $days } jours
}, nous conservons l’heure, le lien et s’il semble s’agir d’une personne ou d’un programme, jamais votre adresse IP ni votre appareil ; ensuite, il ne reste que des totaux.

# What is wrong with what was typed or ticked.
problem-email-missing = Saisissez une adresse e-mail, par exemple nom@example.com
problem-email-at = Saisissez une adresse e-mail avec un @, par exemple nom@example.com
problem-email-quoted = Les noms entre guillemets et les adresses IP seules ne sont pas acceptés comme adresses e-mail
problem-email-spaces = Une adresse e-mail ne contient ni espace ni caractère de contrôle
problem-email-domain = La partie après le @ n’est pas un nom de domaine
problem-email-dot = La partie après le @ doit contenir un point, par exemple example.com
problem-email-long = L’adresse e-mail est trop longue
problem-email-form = Saisissez une adresse e-mail de la forme nom@example.com
problem-line = Saisissez une seule ligne de { $most } caractères au plus
problem-country = Saisissez le nom d’un pays ou ses deux lettres, par exemple FR
problem-phone = Saisissez un numéro de téléphone sous sa forme internationale, par exemple +44 118 496 0000
problem-communications = Choisissez au moins un type de message et la façon de le recevoir
problem-phone-missing = Saisissez le numéro à appeler, car vous avez choisi Téléphone
problem-post-missing = Saisissez l’adresse à laquelle écrire, car vous avez choisi Courrier
problem-understood = Cochez la case pour montrer que vous avez compris
problem-words-changed = Ce à quoi vous consentiriez a changé depuis que vous avez ouvert cette page. Veuillez le relire
problem-choices-changed = Vos choix ont changé entre-temps. Veuillez vérifier
problem-list-unread = Veuillez lire la liste et appuyer sur le bouton qui la suit
problem-topic-changed = Un sujet n’est plus proposé de la façon cochée. Veuillez vérifier
wording-profiling = Oui, vous pouvez choisir ce que vous m’envoyez d’après ce que j’ai ouvert et suivi. Vous ne le faites pas aujourd’hui ; sans cette coche, vous ne le ferez jamais.
problem-undo = Ceci ne peut plus être annulé. Veuillez vérifier
problem-pause-day = Choisissez un jour après aujourd’hui et dans moins d’un an
