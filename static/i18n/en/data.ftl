# The page of a person's data: correcting it, another address, closing the account; and the mails about an address.

problem-data-changed = Your data changed in the meantime. Please look again, and save once more
problem-address-same = This is the address we have. Enter another one, like name@example.com
correct-heading = Correct your data
correct-text = Empty what we should not keep. It works as soon as you save.
correct-phone-hint = If you empty this, we call you no more, and what you chose by phone ends.
correct-post-hint = If you empty this, we send you no more post, and what you chose by post ends.
correct-button = Save my data
correct-saved = Saved, and used from now on. Where you took away a phone number or a postal address, what you chose by phone or by post has ended.
new-address-heading = Use another email address
new-address-text = What you chose goes along. Nothing changes before you press the button behind the link that we send there.
new-address-label = New email address
new-address-hint = We send a link to it.
new-address-button = Send a link to the new address
address-sent-heading = Check the new inbox
address-sent-lead = We are sending an email to <strong class="address">{ $address }</strong>. Nothing changes before you open the link in it and press the button.
address-sent-next = The link works for { $hours ->
    [one] { $hours } hour
   *[other] { $hours } hours
}. If nothing arrives, look in the spam folder, and whether the address is spelt right.
back-to-data = Back to your data
address-confirm-heading = Use this address?
address-confirm-lead = Instead of <strong class="address">{ $old }</strong> we would write to <strong class="address">{ $new }</strong>.
address-confirm-wording = What I chose at { $brand }, and at the other brands that I deal with here, comes to this address from now on.
address-confirm-button = Yes, use this address
address-changed-heading = Your address is changed
address-changed-lead = From now on we write to <strong class="address">{ $address }</strong>, and what you chose goes on there.
address-changed-next = We have told the old address. The links in the emails that you have still work; links to your data do not, so ask for a fresh one.
address-changed-refused = Somebody once told { $brand } to send no emails to this address, so none come. If you want them, choose anew.
address-taken-heading = This address has an account of its own
address-taken-lead = It is known to { $brand } by now, so we cannot use it for another account. Nothing was changed.
address-taken-next = What you chose there is yours to see: <a href="{ $url }">get the link to it</a>. You can close the account that you no longer need.
erased-gone = What is gone
erased-gone-data = Your address, name, phone number and whatever else we held about you, at all our brands.
erased-gone-choices = What you chose, what was recorded about opens and clicks, and emails that were still to leave.
erased-stays = What stays
erased-stays-hash = A scrambled form of your addresses, from which they cannot be read. It only serves so that no list can bring you back.
erased-stays-ledger = The record that you agreed and that you ended it, under a number that leads to nobody.
erased-questions = Questions? Write to <a href="mailto:{ $address }">{ $address }</a>.

address-change-subject = Please confirm your new address at { $brand }
address-change-heading = Is this your new address?
address-change-lead = Somebody, most likely you, wants { $brand } to write to this address from now on.
address-change-button = Look at it and confirm
address-change-next = The link works for { $hours ->
    [one] { $hours } hour
   *[other] { $hours } hours
}. It opens a page with a button; nothing changes before you press it.
address-change-not-you = If this was not you, do nothing. Nothing changes.
address-changed-subject = Your address at { $brand } was changed
address-changed-mail-heading = Your address was changed
address-changed-mail-lead = Since { $day }, { $brand } writes to { $address } and no longer to this address, because somebody with access to both asked for it.
address-changed-not-you = If this was not you, please write to { $contact } at once.
address-taken-subject = This address is known to { $brand } already
address-taken-mail-heading = You have an account here already
address-taken-mail-lead = Somebody, most likely you, wants to use this address for another account with { $brand }. It has one of its own, so nothing was changed: we never put two together by ourselves.
address-taken-mail-next = Choose here what you want to get. Then close the other account, from the page of its data, if you no longer need it.

fact-acts = Things you did on our pages
fact-at-most = how often at most
fact-paused = until { $day }
did-saved = You saved your choices.
did-stopped = You stopped everything.
did-paused = You asked for a pause.
did-resumed = You ended a pause.
did-unsubscribed = You unsubscribed from all emails.
did-undone = You undid what you had done before.

# A link that is good for nothing any more.
gone-data = It shows personal data, so it worked for { $hours ->
    [one] { $hours } hour
   *[other] { $hours } hours
} only.
gone-moved = It was mailed before your address was changed, so it shows nothing any more.
gone-change = A link to a new address works for { $hours ->
    [one] { $hours } hour
   *[other] { $hours } hours
}. Nothing was changed.
gone-overtaken = A newer link took its place. Open the newest email and use the link there. Nothing was changed by this one.
gone-fresh = We email you the link to your choices. From there you can ask for a fresh link to your data.

# What is held, by what it is about.
data-answers = What you answered
data-acts = What you did on our pages
data-counts = What else we have written down
fact-count = { $count }, all in the copy below
did-agree = You agreed to: { $topics }
did-end = You ended: { $topics }
source-form = A sign-up form of ours
