# What the service mails say.

confirmation-subject = Please confirm: emails from { $brand }
confirmation-heading = Please confirm
confirmation-lead = Somebody, most likely you, gave this address and asked for:
confirmation-button = Look at it and confirm
confirmation-next = The link works for { $days ->
    [one] { $days } day
   *[other] { $days } days
}. It opens a page with a button; nothing starts before you press it.
confirmation-not-you = If this was not you, do nothing: you will get no emails from us.

preference-link-subject = Your link to your choices at { $brand }
preference-link-heading = Your link to your choices
preference-link-lead = Somebody, most likely you, asked for the link to the page on which you see and change what you get from { $brand }.
preference-link-button = See your choices
preference-link-not-you = If this was not you, do nothing. Nothing changes, and nobody but you has this link unless you forward this email.

data-link-subject = Your link to your data at { $brand }
data-link-heading = Your link to your data
data-link-lead = You, or somebody with an email that we sent you, asked for the page that shows the data we hold about you. There you can correct it, download a copy, use another address or close your account.
data-link-button = See your data
data-link-next = The link works for { $hours ->
    [one] { $hours } hour
   *[other] { $hours } hours
}. Please do not forward this email.
data-link-not-you = If this was not you, do nothing. Nothing changes.

# The fixed lines of each letter.
letter-unsubscribe = Unsubscribe
letter-preferences = Preferences
letter-view = View in browser
letter-source = We did not get your details from you: they came from { $source }.
letter-source-policy = How { $source } handles your details
letter-why = You get this email from { $brand }. “Preferences” shows what you agreed to, and changes it.
letter-published = Published by { $brand }.
