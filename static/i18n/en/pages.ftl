# What the pages say.

# Around every page.
error-title = Error: { $title }
error-prefix = Error:
errors-heading = There is a problem
optional = (optional)
languages = Languages

# The front page.
home-heading = Marketing mail that asks first
home-lead = This server keeps what each person agreed to, by topic and channel, and writes to exactly those people. Told to stop, it stops at once.
home-sign-up = Sign up
home-hear-from = Hear from { $brand }
home-programs = For programs
home-api = API documentation
home-api-hint = For programs that manage brands and campaigns
product-line = Mannerly: marketing mail that asks first.

# Fields to type into.
email-label = Email address
first-name-label = First name
last-name-label = Last name
company-label = Company
country-label = Country
phone-label = Phone number
post-label = Postal address
email-hint = We send a link to confirm first, then what you choose below.
email-hint-link = The address at which you get our emails.
first-name-hint = To greet you by name.
last-name-hint = To address you correctly.
company-hint = To know which organisations we serve.
country-hint = To follow the rules of your country.
phone-hint = Needed, and kept, only if you ticked Phone. We call about nothing else.
phone-format = With the code of the country, such as +44 118 496 0000.
post-hint = Needed, and kept, only if you ticked Post. We write about nothing else.

# Boxes for topics.
communications-legend = What would you like to hear about?
communications-hint = Select all that apply, and how you want to get them.
subjects-legend = Which subjects interest you?
subjects-hint = Select all that apply. What you get will be about these.
sensitive-note = A sensitive subject: your answer is kept confidential and never used to score or label you.
pending-note = { $channel }: you asked for this and have not confirmed it yet.

# Boxes for tracking.
tracking-legend = May we count opens and clicks?
tracking-hint = This is separate from the emails: you get them either way, and no is a fine answer.
tracking-gpc = Your browser asks not to be tracked, so these boxes are empty, and we record nothing while it asks. What you answered before stays as it is unless you change it here.
tracking-stays = The empty box does not change that; the button below ends it.
stored-never = You have not been asked yet, so it is off.
stored-granted = You allowed this on { $since }.
stored-refused = You refused this on { $since }.

# Signing up.
sign-up-title = Sign up
sign-up-heading = Hear from { $brand }
sign-up-lead = Choose what you want to get. You can change your mind at any time, from a link in every email.
about-you = About you
about-you-hint = Only your email address is needed.
sign-up-policy = How we handle your data: <a href="{ $url }" rel="noreferrer">our privacy policy</a>.
sign-up-button = Sign up
check-inbox = Check your inbox
sign-up-done-lead = If there is something to confirm, an email with a link is on its way to the address you gave. It usually takes a few minutes, and up to a day when many sign up at once.
sign-up-done-next = Nothing starts until you open that link and press the button. The link works for { $days ->
    [one] { $days } day
   *[other] { $days } days
}.
no-email-heading = No email?
no-email = Look in the spam folder. We send at most one such email to an address in a day. If none has come after a day, or the address had a typing mistake, <a href="{ $url }">sign up again</a>.

# Asking for the link to the choices.
link-title = Get your link
link-heading = Get a link to your choices
link-lead = Tell us your address and we will email you a link. It opens the page on which you see and change what you get from { $brand }.
link-button = Email me my link
link-done-lead = If we know the address you gave, an email with your link is on its way.
link-done-next = Give it a few minutes and look in the spam folder. To protect your privacy we show the same answer for every address.

# Confirming.
confirm-title = Please confirm
confirm-heading = Is this what you want?
confirm-lead = Somebody, most likely you, asked { $brand } for:
confirm-button = Yes, I want this
confirm-not-you = Not you, or no longer interested? Close this page: nothing starts without the button.
confirmed-title = Thank you
confirmed-heading = Thank you, that is confirmed
confirmed-ended = You have ended all of it since.
confirmed-lead = This is what you agreed to with { $brand }:
confirmed-next = Every email has a link to stop. You can also <a href="{ $url }">see and change your choices</a> now.
expired-heading = This link has expired
expired-lead = A link to confirm works for { $days ->
    [one] { $days } day
   *[other] { $days } days
}, so that nobody can use an old email to sign you up. Nothing was started.

# The choices.
preferences-title = Your choices
preferences-heading = Your choices at { $brand }
preferences-lead = For <strong class="address">{ $address }</strong>. What you change here works as soon as you press a button.
stop-heading = Stop everything
stop-button = Stop everything from { $brand }
save-button = Save my choices
your-data = Your data
your-data-text = See what we hold, correct it, get a copy, use another address, or close your account. Because this page may have been forwarded, we first email a fresh link to your address.
your-data-button = Email me a link to my data
back-to-choices = Back to your choices
unsaved = You had also changed something on the page without saving it. That is not saved.

# What was saved.
result-heading-saved = Saved, and it works now
result-unchanged = Nothing changed
result-stopped = Everything is stopped
result-stopped-lead = { $brand } sends you no more marketing: no email, no calls, no post.
result-unchanged-lead = Your choices are as they were.
result-saved-lead = { $brand } follows your new choices.
result-started = You will now get
result-started-paused = You will get, once the pause is over
result-ended = You will no longer get
result-tracking = Counting opens and clicks
result-continues = Unchanged: you still get
result-continues-paused = Unchanged, and it comes again after the pause
result-nothing = You get nothing from { $brand } now.
result-subjects-only = You chose subjects, but no kind of message that could be about them, so nothing comes until you choose one.
now-counting-opens = We now count when you open our emails.
now-counting-clicks = We now count when you follow a link in our emails.
now-profiling = You allow us to choose what we send you by what you opened and followed. We do not do this today.
not-counting-opens = We do not count when you open our emails.
not-counting-clicks = We do not count when you follow a link in our emails.
not-profiling = We do not choose what we send you by what you do.
no-longer-counting-opens = We no longer count when you open our emails, and we have deleted what we had recorded about you. Totals without people stay.
no-longer-counting-clicks = We no longer count when you follow a link in our emails, and we have deleted what we had recorded about you. Totals without people stay.
no-longer-profiling = We may no longer choose what we send you by what you do.

# Unsubscribing.
unsubscribe-heading = Unsubscribe
unsubscribe-lead = One press stops <strong>{ $scope }</strong>. It works at once, and you need give no reason.
unsubscribe-button = Unsubscribe
unsubscribe-finer = Rather keep some of it? <a href="{ $url }">Choose what you get</a>.
unsubscribed-heading = You are unsubscribed
unsubscribed-lead = We have stopped <strong>{ $scope }</strong>.
unsubscribed-nothing = You get no other marketing from { $brand }.
unsubscribed-continues = What goes on
unsubscribed-continues-lead = You agreed to these separately, so they are as they were:
unsubscribed-finer = Pressed by mistake, or want to choose more finely? <a href="{ $url }">See your choices</a>.

# The data.
data-link-sent-lead = We have sent a link to <strong class="address">{ $address }</strong>. It opens the page with the data we hold about you.
data-link-sent-next = The link works for { $hours ->
    [one] { $hours } hour
   *[other] { $hours } hours
}. If nothing arrives, look in the spam folder.
link-not-sent-lead = We sent nothing just now: links were already sent to <strong class="address">{ $address }</strong> today.
link-not-sent-next = Open the newest of them; look in the spam folder too. We send at most { $most } in a day, so you can ask again tomorrow.
data-heading = Your data at { $brand }
data-lead = This is what we hold about <strong class="address">{ $address }</strong>.
copy-heading = Get a copy
copy-text = A file with everything above and the full record of what you agreed to, when and how. It is JSON, which other programs can read.
copy-button = Download a copy (JSON)
close-heading = Close your account
close-text = We erase your data and stop all marketing. This cannot be undone. Two things stay: a scrambled form of your address, so that nobody can add you again by mistake, and the record of what you agreed to and ended, without your name or address.
close-understood = I understand that my data will be erased and cannot be brought back.
close-button = Close my account and erase my data
erased-heading = Your account is closed
erased-lead = Your data is erased, and { $brand } sends you no more marketing.
erased-next = In emails that you already have, the links to other pages keep working, and so does Unsubscribe; following them records nothing. The link to your choices leads nowhere any more: there is nothing left to choose.
fact-language = Language
fact-source = Where we got it
fact-source-policy = Their privacy policy
fact-held-since = Held since
fact-of-brand = { $brand }: { $what }
fact-pending = asked for on { $day }, not confirmed yet
fact-granted = agreed since { $day }
fact-refused = refused on { $day }
fact-withdrawn = ended on { $day }
fact-decisions = Recorded decisions
fact-deliveries = Campaigns that were or were not sent to you
fact-hits = Recorded opens and clicks
fact-service-mail = Service mails
fact-suppressions = Records that forbid us to write to you

# A letter in the browser, and the archive of letters.
letter-bar = About this page
letter-bar-private = This page shows the email without anything about you, because its address can be passed on.
letter-bar-pictures = Pictures from { $hosts } are not shown, so that nobody there learns that you read this.
letter-bar-show = Show the pictures
letter-bar-hide = Hide the pictures
letter-bar-date = Sent on { $day }
archive-title = Emails
archive-heading = Emails from { $brand }
archive-lead = What { $brand } has sent, newest first.
archive-empty = Nothing has been published here yet.
archive-all = All emails
archive-newer = Newer emails
archive-older = Older emails
archive-feed = Follow by feed (Atom)
archive-sign-up = Get the next one by email

# The privacy notice.
notice-heading = Privacy notice of { $brand }
notice-version = Version { $version }
notice-since = In force since { $from }.
notice-was = In force from { $from } to { $until }.
notice-coming = Comes into force on { $day }.
notice-none = None of these was in force on { $day }.
notice-other = Another version is in force now: <a href="{ $url }">read that one</a>.
notice-versions = All versions
notice-on = Which version was in force on this day?
notice-on-button = Show that version

# What went wrong.
not-found-title = Page not found
not-found-text = Check that the whole address was copied. If you came from a link in an email, open the newest email and try the link there.
damaged-title = That did not work
damaged-text = The form arrived incomplete or damaged. Nothing was changed. Go back, reload the page and try again.
wrong-method-text = This address does not do what was asked of it. Nothing was changed.
conflict-title = That is no longer possible
conflict-text = Something changed in the meantime. Go back, reload the page and try again.
gone-title = This link is no longer valid
too-large-title = That was too much
too-large-text = What was sent is larger than this server accepts. Nothing was changed.
too-many-title = Too many tries
unavailable-title = We cannot answer just now
nothing-changed = Nothing was changed. { $when }
try-again-moment = Please try again in a moment.
try-again-seconds = Please try again in { $count ->
    [one] { $count } second
   *[other] { $count } seconds
}.
try-again-minutes = Please try again in { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}.
try-again-hours = Please try again in { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}.
our-fault-title = Something went wrong
our-fault-text = The fault is ours. Nothing was changed. Please try again later.

# Pausing, how often at most, other brands, and what was done.
pause-heading = Pause
pause-text = { $brand } sends you no marketing at all for a while. Your choices stay, and the pause ends by itself, at 12:00 UTC on its day.
pause-for = For how long?
pause-months = { $count ->
    [one] { $count } month
   *[other] { $count } months
}
pause-until = Or until a day
pause-button = Pause
pause-runs = { $brand } pauses until { $day }. Then it goes on by itself.
pause-end-button = Send to me again now
all-email-button = Get everything by email
none-button = Get nothing
shortcuts-hint = The last two work at once, for every topic above; a sensitive one starts only by its own box. You can undo it on the next page. The last also ends all recording.
further-down = Further down on this page
topic-example = See an example
at-most-legend = How often may { $brand } write to you at most?
at-most-hint = This counts for each way apart. What is held back is not sent later.
at-most-short = How often
at-most-each = Each time there is something I chose
at-most-weekly = At most once a week
at-most-monthly = At most once a month
language-heading = Language
language-label = For these pages and our service emails, such as confirmations:
language-browser = The language of my browser
others-heading = Other brands that you deal with ({ $count })
others-text = Each keeps choices of its own. We email you the link to them, because this page may have been forwarded.
others-button = Email me the link for { $brand }
other-link-sent-lead = We have sent a link to <strong class="address">{ $address }</strong>. It opens your choices at { $brand }.
complain-us = Is something wrong? Complain to us: <a href="mailto:{ $address }">{ $address }</a>.
complain-authority = Or to those who watch over us: in the United Kingdom the <a href="{ $ico }" rel="noreferrer">Information Commissioner’s Office</a>, elsewhere your own <a href="{ $edpb }" rel="noreferrer">data protection authority</a>.
result-paused = Paused until { $day }
result-paused-lead = { $brand } sends you nothing until then, and goes on by itself with what you chose.
result-resumed = The pause is over
result-resumed-lead = { $brand } sends you what you chose.
result-undone = Undone
result-undone-lead = Your choices at { $brand } are again what they were before.
result-when = Done on { $day } at { $time } UTC, and in force since then.
result-more = Also changed
result-changed = What changed
changed-pause-over = The pause is over.
changed-at-most-each = You get every message that you chose.
changed-at-most-weekly = You get at most one message a week.
changed-at-most-monthly = You get at most one message a month.
changed-language = These pages and our service emails to you are in { $language ->
    [cy] Welsh
    [de] German
    [fr] French
   *[en-GB] English
}. What a brand sends you comes in its own language.
changed-language-browser = These pages go by the language of your browser.
result-late = What may still arrive
result-late-email = An email that had left us before.
result-late-post = Post that was already being printed or on its way.
undo-heading = Changed your mind?
undo-text = One press makes your choices at { $brand } what they were before this.
undo-agrees = With Undo I agree again to:
undo-not-offered = No longer offered, so it does not come back: { $choices }.
undo-button = Undo
undo-done = This was undone.
undo-overtaken = Something about this changed since, so it cannot be undone from here any more.
undo-forbidden = For another reason we may no longer use your address, so this cannot be undone.
receipt-heading = Your receipt
receipt-text = Keep the address of this page, or the file. The file is signed: anybody can check that it is from us and was not altered.
receipt-number = Number
receipt-when = When
receipt-for = For
receipt-with = With
receipt-tracking = May be recorded
receipt-nothing = Nothing
receipt-button = Download the signed receipt (JSON)
reason-heading = Would you tell us why?
reason-text = Only if you like. We count it for the message that you came from, without your name.
reason-too-many = It came too often
reason-not-for-me = It was not about what concerns me
reason-never-asked = I never asked for it
reason-other = Something else
reason-button = Send
reason-thanks = Thank you. It is counted, without your name.

# One kind of message alone, and no tracking.
only-heading = Keep only one
only-text = Everything else stops at once, in every way. Subjects that come in the same way stay: they only say what it is about.
only-label = What would you like to keep?
only-button = Keep only this
no-tracking-text = You allowed us to record some of what you do. One press ends it and deletes what we recorded about you; totals without people stay. You get the same emails.
no-tracking-button = Record nothing about me
