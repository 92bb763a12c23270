# What pages and service mails both say.

day = { $day } { $month ->
    [1] Ionawr
    [2] Chwefror
    [3] Mawrth
    [4] Ebrill
    [5] Mai
    [6] Mehefin
    [7] Gorffennaf
    [8] Awst
    [9] Medi
    [10] Hydref
    [11] Tachwedd
   *[12] Rhagfyr
} { $year }

privacy-policy = Polisi preifatrwydd

labelled = { $label }:

# Ways in which a message comes.
channel-email = E-bost
channel-phone = Ffôn
channel-post = Post

# Something to agree to, in a list.
item-email = { $topic } drwy e-bost
item-phone = { $topic } dros y ffôn
item-post = { $topic } drwy’r post
item-opens = Cyfrif pryd rydych yn agor e-bost
item-clicks = Cyfrif pryd rydych yn dilyn dolen
item-profiling = Dewis beth i’w anfon ar sail yr hyn a wnaethoch

# What ends, in the words of the page and of the record.
scope-email = pob e-bost marchnata gan { $brand }
scope-everything = Dim mwy o farchnata gan { $brand }: dim e-byst, dim galwadau, dim post. Ac ni chofnodir dim amdanoch.
restricted = Ni anfonir dim atoch ar hyn o bryd: mae’r defnydd o’ch data wedi’i gyfyngu ers { $day }, ar eich cais chi neu’n cais ni. Bydd yr hyn a ddewiswch yma yn cyfrif pan ddaw hynny i ben.

# What one agrees to beside the boxes for tracking: kept in the record exactly so.
wording-opens = Ie, cyfrifwch pryd rwy’n agor e-bost. Mae llun bach iawn ym mhob e-bost yn dweud wrthym ei fod wedi’i agor. Am { $days } diwrnod rydym yn cadw’r amser ac a yw’n edrych fel person neu raglen, ond byth eich cyfeiriad IP na’ch dyfais; wedyn dim ond cyfansymiau sy’n aros.
wording-clicks = Ie, cyfrifwch pryd rwy’n dilyn dolen. Mae dolenni’r e-byst yn mynd drwy ein gweinydd. Am { $days } diwrnod rydym yn cadw’r amser, y ddolen ac a yw’n edrych fel person neu raglen, ond byth eich cyfeiriad IP na’ch dyfais; wedyn dim ond cyfansymiau sy’n aros.

# What is wrong with what was typed or ticked.
problem-email-missing = Rhowch gyfeiriad e-bost, fel enw@example.com
problem-email-at = Rhowch gyfeiriad e-bost sydd ag @, fel enw@example.com
problem-email-quoted = Nid ydym yn derbyn enwau mewn dyfynodau na chyfeiriadau IP moel fel cyfeiriadau e-bost
problem-email-spaces = Nid oes bylchau na nodau rheoli mewn cyfeiriad e-bost
problem-email-domain = Nid enw parth yw’r rhan ar ôl yr @
problem-email-dot = Mae angen dot yn y rhan ar ôl yr @, fel example.com
problem-email-long = Mae’r cyfeiriad e-bost yn rhy hir
problem-email-form = Rhowch gyfeiriad e-bost ar y ffurf enw@example.com
problem-line = Rhowch un llinell o { $most } nod ar y mwyaf
problem-country = Rhowch enw gwlad, neu ei dwy lythyren, fel GB
problem-phone = Rhowch rif ffôn ar ffurf ryngwladol, fel +44 118 496 0000
problem-communications = Dewiswch o leiaf un math o neges, a sut i’w chael
problem-phone-missing = Rhowch y rhif i’w ffonio, am i chi ddewis Ffôn
problem-post-missing = Rhowch y cyfeiriad i ysgrifennu ato, am i chi ddewis Post
problem-understood = Ticiwch y blwch i ddangos eich bod yn deall
problem-words-changed = Mae’r hyn y byddech yn cytuno iddo wedi newid ers i chi agor y dudalen hon. Darllenwch ef unwaith eto
problem-choices-changed = Newidiodd eich dewisiadau yn y cyfamser. Edrychwch eto
problem-list-unread = Edrychwch ar y rhestr a phwyswch y botwm oddi tani
problem-topic-changed = Nid yw un pwnc yn dod bellach yn y ffordd a diciwyd. Edrychwch eto
wording-profiling = Ie, cewch ddewis yr hyn a anfonwch ataf yn ôl yr hyn a agorais ac a ddilynais. Nid ydych yn gwneud hyn heddiw; heb y tic hwn ni wnewch byth.
problem-undo = Ni ellir dadwneud hyn bellach. Edrychwch eto
problem-pause-day = Dewiswch ddiwrnod ar ôl heddiw ac o fewn blwyddyn
