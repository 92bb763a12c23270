# Les formulaires par lesquels on s’inscrit.

phone-when = Nécessaire, et conservé, seulement si vous avez coché Téléphone.
post-when = Nécessaire, et conservée, seulement si vous avez coché Courrier.
problem-first-name-missing = Saisissez votre prénom
problem-last-name-missing = Saisissez votre nom
problem-company-missing = Saisissez le nom de votre entreprise
problem-country-missing = Saisissez votre pays
sign-up-policy-inside = Comment nous traitons vos données : <a href="{ $url }" rel="noreferrer" target="_blank">notre politique de confidentialité</a>.

# Confirmer.
confirm-details-heading = Ce que nous conserverons à votre sujet
confirm-details-hint = Cela a été saisi dans le formulaire ; avec le bouton, c’est ce que { $brand } saura de vous. Comme un e-mail peut être transféré, nous ne montrons d’un numéro et d’une adresse que le début et la fin.
ended-heading = Ce lien n’a plus d’effet
ended-lead = Après son envoi, ce qui avait été demandé a été arrêté ou retiré : il n’y a donc rien à confirmer. Rien n’a commencé chez { $brand }.
ended-moved = Il a été envoyé à une adresse qui a été changée depuis : il ne permet plus de confirmer quoi que ce soit.
outdated-lead = Après son envoi, { $brand } a commencé à redemander son accord à chacun ; ce qui avait été demandé avant ne compte plus. Rien n’a commencé.
expired-sign-up = S’inscrire à nouveau
expired-sign-up-hint = Si vous souhaitez toujours recevoir des nouvelles de { $brand }, nous envoyons un nouveau lien.
expired-link = M’envoyer mon lien
expired-link-hint = Si vous recevez déjà quelque chose de { $brand }, nous vous envoyons un lien pour le voir et le modifier.
