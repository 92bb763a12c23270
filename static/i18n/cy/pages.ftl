# What the pages say.

# Around every page.
error-title = Gwall: { $title }
error-prefix = Gwall:
errors-heading = Mae problem
optional = (dewisol)
languages = Ieithoedd

# The front page.
home-heading = Post marchnata sy’n gofyn yn gyntaf
home-lead = Mae’r gweinydd hwn yn cadw’r hyn y cytunodd pob person iddo, yn ôl pwnc a sianel, ac yn ysgrifennu at y bobl hynny’n unig. Os dywedir wrtho am stopio, mae’n stopio ar unwaith.
home-sign-up = Cofrestru
home-hear-from = Clywed gan { $brand }
home-programs = Ar gyfer rhaglenni
home-api = Dogfennaeth yr API
home-api-hint = Ar gyfer rhaglenni sy’n rheoli brandiau ac ymgyrchoedd
product-line = Mannerly: post marchnata sy’n gofyn yn gyntaf.

# Fields to type into.
email-label = Cyfeiriad e-bost
first-name-label = Enw cyntaf
last-name-label = Cyfenw
company-label = Cwmni
country-label = Gwlad
phone-label = Rhif ffôn
post-label = Cyfeiriad post
email-hint = Byddwn yn anfon dolen i gadarnhau’n gyntaf, yna’r hyn a ddewiswch isod.
email-hint-link = Y cyfeiriad lle rydych yn cael ein negeseuon e-bost.
first-name-hint = I’ch cyfarch wrth eich enw.
last-name-hint = I’ch cyfarch yn gywir.
company-hint = I wybod pa sefydliadau rydym yn eu gwasanaethu.
country-hint = I ddilyn rheolau eich gwlad.
phone-hint = Dim ond os ydych wedi ticio Ffôn y mae ei angen, a dim ond bryd hynny y caiff ei gadw. Ni fyddwn yn ffonio am ddim arall.
phone-format = Gyda chod y wlad, fel +44 118 496 0000.
post-hint = Dim ond os ydych wedi ticio Post y mae ei angen, a dim ond bryd hynny y caiff ei gadw. Ni fyddwn yn ysgrifennu am ddim arall.

# Boxes for topics.
communications-legend = Beth hoffech chi ei gael gennym?
communications-hint = Dewiswch bob un sy’n berthnasol, a sut rydych am eu cael.
subjects-legend = Pa bynciau sydd o ddiddordeb i chi?
subjects-hint = Dewiswch bob un sy’n berthnasol. Bydd yr hyn a gewch yn ymwneud â’r rhain.
sensitive-note = Pwnc sensitif: cedwir eich ateb yn gyfrinachol ac ni chaiff byth ei ddefnyddio i’ch sgorio na’ch labelu.
pending-note = { $channel }: rydych wedi gofyn am hyn a heb ei gadarnhau eto.

# Boxes for tracking.
tracking-legend = A gawn ni gyfrif agoriadau a chliciau?
tracking-hint = Mae hyn ar wahân i’r negeseuon e-bost: rydych yn eu cael y naill ffordd neu’r llall, ac mae “na” yn ateb iawn.
tracking-gpc = Mae eich porwr yn gofyn i beidio â chael ei olrhain, felly mae’r blychau hyn yn wag, ac nid ydym yn cofnodi dim tra bo’n gofyn. Mae’r hyn a atebasoch o’r blaen yn aros fel y mae oni bai i chi ei newid yma.
tracking-stays = Nid yw’r blwch gwag yn newid hynny; mae’r botwm isod yn dod ag ef i ben.
stored-never = Ni ofynnwyd i chi eto, felly mae wedi’i ddiffodd.
stored-granted = Rhoesoch ganiatâd ar gyfer hyn ar { $since }.
stored-refused = Gwrthodoch hyn ar { $since }.

# Signing up.
sign-up-title = Cofrestru
sign-up-heading = Clywed gan { $brand }
sign-up-lead = Dewiswch beth rydych am ei gael. Gallwch newid eich meddwl unrhyw bryd, drwy ddolen ym mhob e-bost.
about-you = Amdanoch chi
about-you-hint = Dim ond eich cyfeiriad e-bost sydd ei angen.
sign-up-policy = Sut rydym yn trin eich data: <a href="{ $url }" rel="noreferrer">ein polisi preifatrwydd</a>.
sign-up-button = Cofrestru
check-inbox = Edrychwch yn eich blwch derbyn
sign-up-done-lead = Os oes rhywbeth i’w gadarnhau, mae e-bost gyda dolen ar ei ffordd i’r cyfeiriad a roesoch. Ychydig funudau mae’n ei gymryd fel arfer, a hyd at ddiwrnod pan fydd llawer yn cofrestru ar unwaith.
sign-up-done-next = Nid oes dim yn dechrau nes i chi agor y ddolen honno a phwyso’r botwm. Mae’r ddolen yn gweithio am { $days ->
    [two] { $days } ddiwrnod
   *[other] { $days } diwrnod
}.
no-email-heading = Dim e-bost?
no-email = Edrychwch yn y ffolder sbam. Byddwn yn anfon un e-bost o’r fath ar y mwyaf i gyfeiriad mewn diwrnod. Os nad oes un wedi dod ar ôl diwrnod, neu os oedd camgymeriad teipio yn y cyfeiriad, <a href="{ $url }">cofrestrwch eto</a>.

# Asking for the link to the choices.
link-title = Cael eich dolen
link-heading = Cael dolen i’ch dewisiadau
link-lead = Rhowch eich cyfeiriad i ni ac fe anfonwn ddolen atoch drwy e-bost. Mae’n agor y dudalen lle rydych yn gweld ac yn newid yr hyn a gewch gan { $brand }.
link-button = Anfonwch fy nolen ataf
link-done-lead = Os ydym yn adnabod y cyfeiriad a roesoch, mae e-bost gyda’ch dolen ar ei ffordd.
link-done-next = Arhoswch ychydig funudau ac edrychwch yn y ffolder sbam. I ddiogelu eich preifatrwydd, rydym yn dangos yr un ateb ar gyfer pob cyfeiriad.

# Confirming.
confirm-title = Cadarnhewch
confirm-heading = Ai dyma rydych ei eisiau?
confirm-lead = Gofynnodd rhywun, chi yn fwyaf tebygol, i { $brand } am:
confirm-button = Ie, rwyf eisiau hyn
confirm-not-you = Nid chi, neu heb ddiddordeb mwyach? Caewch y dudalen hon: nid oes dim yn dechrau heb y botwm.
confirmed-title = Diolch
confirmed-heading = Diolch, mae hynny wedi’i gadarnhau
confirmed-ended = Rydych wedi rhoi diwedd ar y cyfan ers hynny.
confirmed-lead = Dyma’r hyn y cytunoch iddo gyda { $brand }:
confirmed-next = Mae dolen i stopio ym mhob e-bost. Gallwch hefyd <a href="{ $url }">weld a newid eich dewisiadau</a> nawr.
expired-heading = Mae’r ddolen hon wedi dod i ben
expired-lead = Mae dolen i gadarnhau yn gweithio am { $days ->
    [two] { $days } ddiwrnod
   *[other] { $days } diwrnod
}, fel na all neb ddefnyddio hen e-bost i’ch cofrestru. Ni ddechreuwyd dim.

# The choices.
preferences-title = Eich dewisiadau
preferences-heading = Eich dewisiadau gyda { $brand }
preferences-lead = Ar gyfer <strong class="address">{ $address }</strong>. Mae’r hyn a newidiwch yma yn gweithio cyn gynted ag y pwyswch fotwm.
stop-heading = Stopio popeth
stop-button = Stopio popeth gan { $brand }
save-button = Cadw fy newisiadau
your-data = Eich data
your-data-text = Gweld beth sydd gennym, ei gywiro, cael copi, defnyddio cyfeiriad arall, neu gau eich cyfrif. Gan y gallai’r dudalen hon fod wedi’i hanfon ymlaen, byddwn yn gyntaf yn anfon dolen newydd i’ch cyfeiriad e-bost.
your-data-button = Anfonwch ddolen i’m data ataf
back-to-choices = Yn ôl i’ch dewisiadau
unsaved = Roeddech hefyd wedi newid rhywbeth ar y dudalen heb ei gadw. Nid yw hynny wedi’i gadw.

# What was saved.
result-heading-saved = Wedi’u cadw, ac yn gweithio nawr
result-unchanged = Ni newidiodd dim
result-stopped = Mae popeth wedi’i stopio
result-stopped-lead = Nid yw { $brand } yn anfon rhagor o farchnata atoch: dim e-byst, dim galwadau, dim post.
result-unchanged-lead = Mae eich dewisiadau fel yr oeddent.
result-saved-lead = Mae { $brand } yn dilyn eich dewisiadau newydd.
result-started = Byddwch yn awr yn cael
result-started-paused = Byddwch yn cael, pan fydd yr oedi ar ben
result-ended = Ni fyddwch bellach yn cael
result-tracking = Cyfrif agoriadau a chliciau
result-continues = Heb newid: rydych yn dal i gael
result-continues-paused = Heb newid, a bydd yn dod eto ar ôl yr oedi
result-nothing = Nid ydych yn cael dim gan { $brand } yn awr.
result-subjects-only = Rydych wedi dewis pynciau, ond dim math o neges a allai ymwneud â nhw, felly ni ddaw dim nes i chi ddewis un.
now-counting-opens = Rydym yn awr yn cyfrif pryd rydych yn agor ein negeseuon e-bost.
now-counting-clicks = Rydym yn awr yn cyfrif pryd rydych yn dilyn dolen yn ein negeseuon e-bost.
now-profiling = Rydych yn caniatáu i ni ddewis beth i’w anfon atoch ar sail yr hyn a agoroch ac a ddilynoch. Nid ydym yn gwneud hyn heddiw.
not-counting-opens = Nid ydym yn cyfrif pryd rydych yn agor ein negeseuon e-bost.
not-counting-clicks = Nid ydym yn cyfrif pryd rydych yn dilyn dolen yn ein negeseuon e-bost.
not-profiling = Nid ydym yn dewis beth i’w anfon atoch ar sail yr hyn a wnewch.
no-longer-counting-opens = Nid ydym bellach yn cyfrif pryd rydych yn agor ein negeseuon e-bost, ac rydym wedi dileu’r hyn a gofnodwyd amdanoch. Mae cyfansymiau heb bobl yn aros.
no-longer-counting-clicks = Nid ydym bellach yn cyfrif pryd rydych yn dilyn dolen yn ein negeseuon e-bost, ac rydym wedi dileu’r hyn a gofnodwyd amdanoch. Mae cyfansymiau heb bobl yn aros.
no-longer-profiling = Ni chawn bellach ddewis beth i’w anfon atoch ar sail yr hyn a wnewch.

# Unsubscribing.
unsubscribe-heading = Dad-danysgrifio
unsubscribe-lead = Mae un clic yn stopio <strong>{ $scope }</strong>. Mae’n gweithio ar unwaith, ac nid oes angen i chi roi rheswm.
unsubscribe-button = Dad-danysgrifio
unsubscribe-finer = Am gadw rhywfaint ohono? <a href="{ $url }">Dewiswch beth a gewch</a>.
unsubscribed-heading = Rydych wedi dad-danysgrifio
unsubscribed-lead = Rydym wedi stopio <strong>{ $scope }</strong>.
unsubscribed-nothing = Nid ydych yn cael unrhyw farchnata arall gan { $brand }.
unsubscribed-continues = Beth sy’n parhau
unsubscribed-continues-lead = Cytunoch i’r rhain ar wahân, felly maent fel yr oeddent:
unsubscribed-finer = Wedi pwyso drwy gamgymeriad, neu am ddewis yn fanylach? <a href="{ $url }">Gweld eich dewisiadau</a>.

# The data.
data-link-sent-lead = Rydym wedi anfon dolen i <strong class="address">{ $address }</strong>. Mae’n agor y dudalen gyda’r data sydd gennym amdanoch.
data-link-sent-next = Mae’r ddolen yn gweithio am { $hours } awr. Os na ddaw dim, edrychwch yn y ffolder sbam.
link-not-sent-lead = Ni anfonasom ddim nawr: anfonwyd dolenni at <strong class="address">{ $address }</strong> heddiw yn barod.
link-not-sent-next = Agorwch yr un diweddaraf; edrychwch yn y ffolder sbam hefyd. Rydym yn anfon { $most } y dydd ar y mwyaf, felly gallwch ofyn eto yfory.
data-heading = Eich data gyda { $brand }
data-lead = Dyma beth sydd gennym am <strong class="address">{ $address }</strong>.
copy-heading = Cael copi
copy-text = Ffeil gyda phopeth uchod a’r cofnod llawn o’r hyn y cytunoch iddo, pryd a sut. JSON ydyw, y gall rhaglenni eraill ei ddarllen.
copy-button = Lawrlwytho copi (JSON)
close-heading = Cau eich cyfrif
close-text = Rydym yn dileu eich data ac yn stopio pob marchnata. Ni ellir dadwneud hyn. Mae dau beth yn aros: ffurf annarllenadwy o’ch cyfeiriad, fel na all neb eich ychwanegu eto drwy gamgymeriad, a’r cofnod o’r hyn y cytunoch iddo ac a ddaeth i ben, heb eich enw na’ch cyfeiriad.
close-understood = Rwy’n deall y bydd fy nata’n cael ei ddileu ac na ellir ei adfer.
close-button = Cau fy nghyfrif a dileu fy nata
erased-heading = Mae eich cyfrif wedi’i gau
erased-lead = Mae eich data wedi’i ddileu, ac ni fydd { $brand } yn anfon rhagor o farchnata atoch.
erased-next = Mewn e-byst sydd gennych eisoes, mae’r dolenni i dudalennau eraill yn dal i weithio, a Dad-danysgrifio hefyd; nid yw eu dilyn yn cofnodi dim. Nid yw’r ddolen i’ch dewisiadau yn arwain i unman bellach: nid oes dim ar ôl i’w ddewis.
fact-language = Iaith
fact-source = Ble cawsom ef
fact-source-policy = Eu polisi preifatrwydd
fact-held-since = Yn ein meddiant ers
fact-of-brand = { $brand }: { $what }
fact-pending = gofynnwyd amdano ar { $day }, heb ei gadarnhau eto
fact-granted = cytunwyd ers { $day }
fact-refused = gwrthodwyd ar { $day }
fact-withdrawn = daeth i ben ar { $day }
fact-decisions = Penderfyniadau a gofnodwyd
fact-deliveries = Ymgyrchoedd a anfonwyd neu nas anfonwyd atoch
fact-hits = Agoriadau a chliciau a gofnodwyd
fact-service-mail = Negeseuon gwasanaeth
fact-suppressions = Cofnodion sy’n ein gwahardd rhag ysgrifennu atoch

# A letter in the browser, and the archive of letters.
letter-bar = Am y dudalen hon
letter-bar-private = Mae’r dudalen hon yn dangos yr e-bost heb ddim amdanoch chi, am y gellir rhannu ei chyfeiriad.
letter-bar-pictures = Nid yw lluniau o { $hosts } yn cael eu dangos, fel na fydd neb yno’n gwybod eich bod yn darllen hwn.
letter-bar-show = Dangos y lluniau
letter-bar-hide = Cuddio’r lluniau
letter-bar-date = Anfonwyd ar { $day }
archive-title = E-byst
archive-heading = E-byst gan { $brand }
archive-lead = Yr hyn a anfonodd { $brand }, y diweddaraf yn gyntaf.
archive-empty = Nid oes dim wedi’i gyhoeddi yma eto.
archive-all = Pob e-bost
archive-newer = E-byst mwy diweddar
archive-older = E-byst hŷn
archive-feed = Dilyn drwy ffrwd (Atom)
archive-sign-up = Cael yr un nesaf drwy e-bost

# The privacy notice.
notice-heading = Hysbysiad preifatrwydd { $brand }
notice-version = Fersiwn { $version }
notice-since = Mewn grym ers { $from }.
notice-was = Mewn grym o { $from } hyd { $until }.
notice-coming = Daw i rym ar { $day }.
notice-none = Nid oedd yr un ohonynt mewn grym ar { $day }.
notice-other = Mae fersiwn arall mewn grym nawr: <a href="{ $url }">darllenwch honno</a>.
notice-versions = Pob fersiwn
notice-on = Pa fersiwn oedd mewn grym ar y diwrnod hwn?
notice-on-button = Dangos y fersiwn honno

# What went wrong.
not-found-title = Heb ddod o hyd i’r dudalen
not-found-text = Gwiriwch fod y cyfeiriad cyfan wedi’i gopïo. Os daethoch o ddolen mewn e-bost, agorwch yr e-bost diweddaraf a rhowch gynnig ar y ddolen yno.
damaged-title = Ni weithiodd hynny
damaged-text = Cyrhaeddodd y ffurflen yn anghyflawn neu wedi’i difrodi. Ni newidiwyd dim. Ewch yn ôl, ail-lwythwch y dudalen a rhowch gynnig arall arni.
wrong-method-text = Nid yw’r cyfeiriad hwn yn gwneud yr hyn a ofynnwyd ganddo. Ni newidiwyd dim.
conflict-title = Nid yw hynny’n bosibl bellach
conflict-text = Newidiodd rhywbeth yn y cyfamser. Ewch yn ôl, ail-lwythwch y dudalen a rhowch gynnig arall arni.
gone-title = Nid yw’r ddolen hon yn ddilys bellach
too-large-title = Roedd hynny’n ormod
too-large-text = Mae’r hyn a anfonwyd yn fwy nag y mae’r gweinydd hwn yn ei dderbyn. Ni newidiwyd dim.
too-many-title = Gormod o geisiadau
unavailable-title = Ni allwn ateb ar hyn o bryd
nothing-changed = Ni newidiwyd dim. { $when }
try-again-moment = Rhowch gynnig arall arni mewn eiliad.
try-again-seconds = Rhowch gynnig arall arni ymhen { $count } eiliad.
try-again-minutes = Rhowch gynnig arall arni ymhen { $count ->
    [two] { $count } funud
   *[other] { $count } munud
}.
try-again-hours = Rhowch gynnig arall arni ymhen { $count } awr.
our-fault-title = Aeth rhywbeth o’i le
our-fault-text = Ein bai ni yw hyn. Ni newidiwyd dim. Rhowch gynnig arall arni yn nes ymlaen.

# Pausing, how often at most, other brands, and what was done.
pause-heading = Oedi
pause-text = Am gyfnod, ni fydd { $brand } yn anfon unrhyw farchnata atoch. Mae eich dewisiadau’n aros, a daw’r oedi i ben ohono’i hun, am 12:00 UTC ar ei ddiwrnod.
pause-for = Am faint o amser?
pause-months = { $count ->
    [one] { $count } mis
   *[other] { $count } mis
}
pause-until = Neu tan ddiwrnod
pause-button = Oedi
pause-runs = Mae { $brand } yn oedi tan { $day }. Wedyn bydd yn parhau ohono’i hun.
pause-end-button = Anfonwch ataf eto nawr
all-email-button = Cael popeth drwy e-bost
none-button = Cael dim byd
shortcuts-hint = Mae’r ddau olaf yn gweithio ar unwaith, ar gyfer pob pwnc uchod; dim ond drwy ei flwch ei hun y mae un sensitif yn dechrau. Gallwch ei ddadwneud ar y dudalen nesaf. Mae’r olaf hefyd yn rhoi terfyn ar bob cofnodi.
further-down = Yn is ar y dudalen hon
topic-example = Gweld enghraifft
at-most-legend = Pa mor aml y caiff { $brand } ysgrifennu atoch ar y mwyaf?
at-most-hint = Mae hyn yn cyfrif ar wahân ar gyfer pob ffordd. Ni chaiff yr hyn a ddelir yn ôl ei anfon yn ddiweddarach.
at-most-short = Pa mor aml
at-most-each = Bob tro y bydd rhywbeth a ddewisais
at-most-weekly = Unwaith yr wythnos ar y mwyaf
at-most-monthly = Unwaith y mis ar y mwyaf
language-heading = Iaith
language-label = Ar gyfer y tudalennau hyn a’n negeseuon e-bost gwasanaeth, megis cadarnhadau:
language-browser = Iaith fy mhorwr
others-heading = Brandiau eraill rydych yn delio â nhw ({ $count })
others-text = Mae gan bob un ei ddewisiadau ei hun. Byddwn yn anfon y ddolen atoch drwy e-bost, gan y gallai’r dudalen hon fod wedi’i hanfon ymlaen.
others-button = E-bostiwch y ddolen ar gyfer { $brand } ataf
other-link-sent-lead = Rydym wedi anfon dolen at <strong class="address">{ $address }</strong>. Mae’n agor eich dewisiadau yn { $brand }.
complain-us = A oes rhywbeth o’i le? Cwynwch wrthym ni: <a href="mailto:{ $address }">{ $address }</a>.
complain-authority = Neu wrth y rhai sy’n ein goruchwylio: yn y Deyrnas Unedig <a href="{ $ico }" rel="noreferrer">Swyddfa’r Comisiynydd Gwybodaeth</a>, mewn mannau eraill eich <a href="{ $edpb }" rel="noreferrer">awdurdod diogelu data</a> eich hun.
result-paused = Wedi oedi tan { $day }
result-paused-lead = Ni fydd { $brand } yn anfon dim byd atoch tan hynny, ac wedyn bydd yn parhau ohono’i hun gyda’r hyn a ddewisoch.
result-resumed = Mae’r oedi ar ben
result-resumed-lead = Mae { $brand } yn anfon yr hyn a ddewisoch atoch.
result-undone = Wedi’i ddadwneud
result-undone-lead = Mae eich dewisiadau yn { $brand } unwaith eto fel yr oeddent o’r blaen.
result-when = Gwnaed ar { $day } am { $time } UTC, ac mewn grym ers hynny.
result-more = Newidiwyd hefyd
result-changed = Beth newidiodd
changed-pause-over = Mae’r oedi ar ben.
changed-at-most-each = Byddwch yn cael pob neges a ddewisoch.
changed-at-most-weekly = Byddwch yn cael un neges yr wythnos ar y mwyaf.
changed-at-most-monthly = Byddwch yn cael un neges y mis ar y mwyaf.
changed-language = Mae’r tudalennau hyn a’n negeseuon e-bost gwasanaeth atoch yn { $language ->
    [cy] Gymraeg
    [de] Almaeneg
    [fr] Ffrangeg
   *[en-GB] Saesneg
}. Daw’r hyn y mae brand yn ei anfon atoch yn ei iaith ei hun.
changed-language-browser = Mae’r tudalennau hyn yn dilyn iaith eich porwr.
result-late = Yr hyn a allai gyrraedd o hyd
result-late-email = E-bost oedd wedi ein gadael cyn hynny.
result-late-post = Post oedd eisoes yn cael ei argraffu neu ar ei ffordd.
undo-heading = Wedi newid eich meddwl?
undo-text = Mae un wasgiad yn gwneud eich dewisiadau yn { $brand } fel yr oeddent cyn hyn.
undo-agrees = Drwy bwyso Dadwneud rwy’n cytuno eto i:
undo-not-offered = Nid yw ar gael bellach, felly ni fydd yn dychwelyd: { $choices }.
undo-button = Dadwneud
undo-done = Cafodd hyn ei ddadwneud.
undo-overtaken = Mae rhywbeth am hyn wedi newid ers hynny, felly ni ellir ei ddadwneud oddi yma bellach.
undo-forbidden = Am reswm arall, nid oes gennym hawl i ddefnyddio eich cyfeiriad bellach, felly ni ellir dadwneud hyn.
receipt-heading = Eich derbynneb
receipt-text = Cadwch gyfeiriad y dudalen hon, neu’r ffeil. Mae’r ffeil wedi’i llofnodi: gall unrhyw un wirio mai gennym ni y daeth ac na chafodd ei newid.
receipt-number = Rhif
receipt-when = Pryd
receipt-for = Ar gyfer
receipt-with = Gyda
receipt-tracking = Gellir cofnodi
receipt-nothing = Dim byd
receipt-button = Lawrlwytho’r dderbynneb wedi’i llofnodi (JSON)
reason-heading = A wnewch chi ddweud pam wrthym?
reason-text = Dim ond os dymunwch. Byddwn yn ei gyfrif ar gyfer y neges y daethoch ohoni, heb eich enw.
reason-too-many = Roedd yn dod yn rhy aml
reason-not-for-me = Nid oedd yn ymwneud â’r hyn sy’n berthnasol i mi
reason-never-asked = Ni ofynnais amdano erioed
reason-other = Rhywbeth arall
reason-button = Anfon
reason-thanks = Diolch. Mae wedi’i gyfrif, heb eich enw.

# One kind of message alone, and no tracking.
only-heading = Cadw un yn unig
only-text = Mae popeth arall yn stopio ar unwaith, ym mhob ffordd. Mae pynciau sy’n dod yn yr un ffordd yn aros: dim ond dweud am beth y mae maen nhw.
only-label = Beth hoffech chi ei gadw?
only-button = Cadw hwn yn unig
no-tracking-text = Rydych wedi caniatáu i ni gofnodi peth o’r hyn a wnewch. Mae un clic yn dod â hynny i ben ac yn dileu’r hyn a gofnodwyd amdanoch; mae cyfansymiau heb bobl yn aros. Cewch yr un negeseuon e-bost.
no-tracking-button = Peidio â chofnodi dim amdanaf
