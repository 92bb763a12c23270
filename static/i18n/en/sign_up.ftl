# Forms by which people come in, beside what every page says.

# Fields of a form that a brand named.
phone-when = Needed, and kept, only if you ticked Phone.
post-when = Needed, and kept, only if you ticked Post.
problem-first-name-missing = Enter your first name
problem-last-name-missing = Enter your last name
problem-company-missing = Enter the name of your company
problem-country-missing = Enter your country
sign-up-policy-inside = How we handle your data: <a href="{ $url }" rel="noreferrer" target="_blank">our privacy policy</a>.

# Confirming.
confirm-details-heading = What we will keep about you
confirm-details-hint = It was typed in the form; with the button it becomes what { $brand } knows of you. Because emails can be forwarded, a number and an address are shown only by their beginning and end.
ended-heading = This link does nothing any more
ended-lead = After it was sent, what was asked for was stopped or taken back, so there is nothing to confirm. Nothing was started at { $brand }.
ended-moved = It was mailed to an address that has been changed since, so there is nothing to confirm with it.
outdated-lead = After it was sent, { $brand } began to ask everybody anew, so what was asked for before no longer counts. Nothing was started.
expired-sign-up = Sign up again
expired-sign-up-hint = If you still want to hear from { $brand }, we send a new link.
expired-link = Send me my link
expired-link-hint = If you get something from { $brand } already, we email you a link to see and change it.
