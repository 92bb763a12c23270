# The page of a person's data: correcting it, another address, closing the account; and the mails about an address.

problem-data-changed = Newidiodd eich data yn y cyfamser. Edrychwch eto, a chadwch unwaith yn rhagor
problem-address-same = Dyma’r cyfeiriad sydd gennym. Rhowch un arall, fel enw@example.com
correct-heading = Cywiro eich data
correct-text = Gwagiwch yr hyn na ddylem ei gadw. Mae’n gweithio cyn gynted ag y byddwch yn cadw.
correct-phone-hint = Os gwagiwch hwn, ni fyddwn yn eich ffonio mwyach, ac mae’r hyn a ddewisoch dros y ffôn yn dod i ben.
correct-post-hint = Os gwagiwch hwn, ni fyddwn yn anfon post atoch mwyach, ac mae’r hyn a ddewisoch drwy’r post yn dod i ben.
correct-button = Cadw fy nata
correct-saved = Wedi’i gadw, ac yn cael ei ddefnyddio o hyn ymlaen. Lle tynnoch rif ffôn neu gyfeiriad post, mae’r hyn a ddewisoch dros y ffôn neu drwy’r post wedi dod i ben.
new-address-heading = Defnyddio cyfeiriad e-bost arall
new-address-text = Mae’r hyn a ddewisoch yn dod gyda chi. Nid oes dim yn newid cyn ichi wasgu’r botwm y tu ôl i’r ddolen yr ydym yn ei hanfon yno.
new-address-label = Cyfeiriad e-bost newydd
new-address-hint = Byddwn yn anfon dolen ato.
new-address-button = Anfon dolen i’r cyfeiriad newydd
address-sent-heading = Edrychwch yn y blwch derbyn newydd
address-sent-lead = Rydym yn anfon e-bost at <strong class="address">{ $address }</strong>. Nid oes dim yn newid cyn ichi agor y ddolen ynddo a phwyso’r botwm.
address-sent-next = Mae’r ddolen yn gweithio am { $hours } awr. Os nad oes dim yn cyrraedd, edrychwch yn y ffolder sbam, ac a yw’r cyfeiriad wedi’i sillafu’n gywir.
back-to-data = Yn ôl i’ch data
address-confirm-heading = Defnyddio’r cyfeiriad hwn?
address-confirm-lead = Yn lle <strong class="address">{ $old }</strong> byddem yn ysgrifennu at <strong class="address">{ $new }</strong>.
address-confirm-wording = Mae’r hyn a ddewisais yn { $brand }, ac yn y brandiau eraill yr wyf yn delio â nhw yma, yn dod i’r cyfeiriad hwn o hyn ymlaen.
address-confirm-button = Ie, defnyddiwch y cyfeiriad hwn
address-changed-heading = Mae eich cyfeiriad wedi newid
address-changed-lead = O hyn ymlaen rydym yn ysgrifennu at <strong class="address">{ $address }</strong>, ac mae’r hyn a ddewisoch yn parhau yno.
address-changed-next = Rydym wedi rhoi gwybod i’r hen gyfeiriad. Mae’r dolenni yn yr e-byst sydd gennych yn dal i weithio; nid felly dolenni i’ch data, felly gofynnwch am un newydd.
address-changed-refused = Dywedodd rhywun unwaith wrth { $brand } am beidio ag anfon e-byst i’r cyfeiriad hwn, felly nid oes rhai yn dod. Os ydych am eu cael, dewiswch o’r newydd.
address-taken-heading = Mae gan y cyfeiriad hwn ei gyfrif ei hun
address-taken-lead = Mae’n hysbys i { $brand } erbyn hyn, felly ni allwn ei ddefnyddio ar gyfer cyfrif arall. Ni newidiwyd dim.
address-taken-next = Chi biau gweld yr hyn a ddewisoch yno: <a href="{ $url }">cael y ddolen iddo</a>. Gallwch gau’r cyfrif nad oes ei angen arnoch mwyach.
erased-gone = Yr hyn sydd wedi mynd
erased-gone-data = Eich cyfeiriad, eich enw, eich rhif ffôn a beth bynnag arall a oedd gennym amdanoch, ym mhob un o’n brandiau.
erased-gone-choices = Yr hyn a ddewisoch, yr hyn a gofnodwyd am agor a chlicio, ac e-byst a oedd eto i adael.
erased-stays = Yr hyn sy’n aros
erased-stays-hash = Ffurf annarllenadwy o’ch cyfeiriadau. Ei hunig ddiben yw na all unrhyw restr ddod â chi yn ôl.
erased-stays-ledger = Y cofnod eich bod wedi cytuno a’ch bod wedi dod â hynny i ben, o dan rif nad yw’n arwain at neb.
erased-questions = Cwestiynau? Ysgrifennwch at <a href="mailto:{ $address }">{ $address }</a>.

address-change-subject = Cadarnhewch eich cyfeiriad newydd yn { $brand }
address-change-heading = Ai dyma eich cyfeiriad newydd?
address-change-lead = Mae rhywun, chi yn fwyaf tebyg, am i { $brand } ysgrifennu i’r cyfeiriad hwn o hyn ymlaen.
address-change-button = Edrych arno a chadarnhau
address-change-next = Mae’r ddolen yn gweithio am { $hours } awr. Mae’n agor tudalen â botwm; nid oes dim yn newid cyn ichi ei wasgu.
address-change-not-you = Os nad chi oedd hwn, peidiwch â gwneud dim. Nid oes dim yn newid.
address-changed-subject = Newidiwyd eich cyfeiriad yn { $brand }
address-changed-mail-heading = Newidiwyd eich cyfeiriad
address-changed-mail-lead = Ers { $day }, mae { $brand } yn ysgrifennu at { $address } ac nid i’r cyfeiriad hwn mwyach, am fod rhywun â mynediad i’r ddau wedi gofyn am hynny.
address-changed-not-you = Os nad chi oedd hwn, ysgrifennwch at { $contact } ar unwaith.
address-taken-subject = Mae’r cyfeiriad hwn yn hysbys i { $brand } eisoes
address-taken-mail-heading = Mae gennych gyfrif yma eisoes
address-taken-mail-lead = Mae rhywun, chi yn fwyaf tebyg, am ddefnyddio’r cyfeiriad hwn ar gyfer cyfrif arall gyda { $brand }. Mae ganddo ei gyfrif ei hun, felly ni newidiwyd dim: nid ydym byth yn uno dau o’n rhan ein hunain.
address-taken-mail-next = Dewiswch yma yr hyn yr ydych am ei gael. Yna caewch y cyfrif arall, o dudalen ei ddata, os nad oes ei angen arnoch mwyach.

fact-acts = Pethau a wnaethoch ar ein tudalennau
fact-at-most = pa mor aml ar y mwyaf
fact-paused = tan { $day }
did-saved = Fe wnaethoch gadw eich dewisiadau.
did-stopped = Fe wnaethoch stopio popeth.
did-paused = Fe wnaethoch ofyn am oedi.
did-resumed = Fe wnaethoch ddod ag oedi i ben.
did-unsubscribed = Fe wnaethoch ddad-danysgrifio o bob e-bost.
did-undone = Fe wnaethoch ddadwneud yr hyn a wnaethoch o’r blaen.

# A link that is good for nothing any more.
gone-data = Mae’n dangos data personol, felly dim ond am { $hours } awr yr oedd yn gweithio.
gone-moved = Fe’i hanfonwyd cyn i’ch cyfeiriad gael ei newid, felly nid yw’n dangos dim mwyach.
gone-change = Mae dolen i gyfeiriad newydd yn gweithio am { $hours } awr. Ni newidiwyd dim.
gone-overtaken = Mae dolen fwy newydd wedi cymryd ei lle. Agorwch yr e-bost diweddaraf a defnyddiwch y ddolen sydd ynddo. Ni newidiwyd dim gan yr un hon.
gone-fresh = Byddwn yn e-bostio’r ddolen i’ch dewisiadau. Oddi yno gallwch ofyn am ddolen newydd i’ch data.

# What is held, by what it is about.
data-answers = Beth a atebsoch
data-acts = Beth a wnaethoch ar ein tudalennau
data-counts = Beth arall rydym wedi’i nodi
fact-count = { $count }, i gyd yn y copi isod
did-agree = Cytunwyd i: { $topics }
did-end = Daethpwyd i ben: { $topics }
source-form = Un o’n ffurflenni cofrestru
