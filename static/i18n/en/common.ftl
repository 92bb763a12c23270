# What pages and service mails both say.

day = { $day } { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $year }

privacy-policy = Privacy policy

labelled = { $label }:

# Ways in which a message comes.
channel-email = Email
channel-phone = Phone
channel-post = Post

# Something to agree to, in a list.
item-email = { $topic } by email
item-phone = { $topic } by phone
item-post = { $topic } by post
item-opens = Counting when you open an email
item-clicks = Counting when you follow a link
item-profiling = Choosing what to send by what you did

# What ends, in the words of the page and of the record.
scope-email = all marketing email from { $brand }
scope-everything = No more marketing from { $brand }: no email, no calls, no post. And nothing about you is recorded.
restricted = Nothing is sent to you at the moment: use of your data is restricted since { $day }, at your request or ours. What you choose here counts when that ends.

# What one agrees to beside the boxes for tracking: kept in the record exactly so.
wording-opens = Yes, count when I open an email. A tiny picture in each email tells us that it was opened. For { $days ->
    [one] { $days } day
   *[other] { $days } days
} we store the time and whether it looks like a person or a program, never your IP address or your device; after that only totals remain.
wording-clicks = Yes, count when I follow a link. Links in the emails lead through our server. For { $days ->
    [one] { $days } day
   *[other] { $days } days
} we store the time, the link and whether it looks like a person or a program, never your IP address or your device; after that only totals remain.

# What is wrong with what was typed or ticked.
problem-email-missing = Enter an email address, like name@example.com
problem-email-at = Enter an email address with an @, like name@example.com
problem-email-quoted = Quoted names and bare IP addresses are not accepted as email addresses
problem-email-spaces = An email address has no spaces or control characters
problem-email-domain = The part after the @ is not a domain name
problem-email-dot = The part after the @ needs a dot, like example.com
problem-email-long = The email address is too long
problem-email-form = Enter an email address in the form name@example.com
problem-line = Enter one line of at most { $most } characters
problem-country = Enter the name of a country, or its two letters such as GB
problem-phone = Enter a phone number in international form, such as +44 118 496 0000
problem-communications = Choose at least one kind of message, and how to get it
problem-phone-missing = Enter the number to call, because you chose Phone
problem-post-missing = Enter the address to write to, because you chose Post
problem-understood = Tick the box to show that you understand
problem-words-changed = What you would agree to has changed since you opened this page. Please read it once more
problem-choices-changed = Your choices changed in the meantime. Please look again
problem-list-unread = Please look at the list and press the button below it
problem-topic-changed = A topic no longer comes in the way that was ticked. Please look again
wording-profiling = Yes, you may choose what you send me by what I opened and followed. You do not do this today; without this tick you never will.
problem-undo = This can no longer be undone. Please look again
problem-pause-day = Choose a day after today and within a year
