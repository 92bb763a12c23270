# What the service mails say.

confirmation-subject = Cadarnhewch: e-byst gan { $brand }
confirmation-heading = Cadarnhewch
confirmation-lead = Rhoddodd rhywun, chi yn fwyaf tebygol, y cyfeiriad hwn a gofyn am:
confirmation-button = Edrych arno a chadarnhau
confirmation-next = Mae’r ddolen yn gweithio am { $days ->
    [two] { $days } ddiwrnod
   *[other] { $days } diwrnod
}. Mae’n agor tudalen gyda botwm; nid oes dim yn dechrau cyn i chi ei bwyso.
confirmation-not-you = Os nad chi oedd hyn, peidiwch â gwneud dim: ni chewch unrhyw e-byst gennym.

preference-link-subject = Eich dolen i’ch dewisiadau gyda { $brand }
preference-link-heading = Eich dolen i’ch dewisiadau
preference-link-lead = Gofynnodd rhywun, chi yn fwyaf tebygol, am y ddolen i’r dudalen lle rydych yn gweld ac yn newid yr hyn a gewch gan { $brand }.
preference-link-button = Gweld eich dewisiadau
preference-link-not-you = Os nad chi oedd hyn, peidiwch â gwneud dim. Nid oes dim yn newid, ac nid oes gan neb ond chi y ddolen hon oni bai eich bod yn anfon yr e-bost hwn ymlaen.

data-link-subject = Eich dolen i’ch data gyda { $brand }
data-link-heading = Eich dolen i’ch data
data-link-lead = Gofynnoch chi, neu rywun sydd ag e-bost a anfonwyd gennym atoch, am y dudalen sy’n dangos y data sydd gennym amdanoch. Yno gallwch ei gywiro, lawrlwytho copi, defnyddio cyfeiriad arall neu gau eich cyfrif.
data-link-button = Gweld eich data
data-link-next = Mae’r ddolen yn gweithio am { $hours } awr. Peidiwch ag anfon yr e-bost hwn ymlaen, os gwelwch yn dda.
data-link-not-you = Os nad chi oedd hyn, peidiwch â gwneud dim. Nid oes dim yn newid.

# The fixed lines of each letter.
letter-unsubscribe = Dad-danysgrifio
letter-preferences = Dewisiadau
letter-view = Gweld yn y porwr
letter-source = Nid gennych chi y cawsom eich manylion: daethant gan { $source }.
letter-source-policy = Sut mae { $source } yn trin eich manylion
letter-why = Rydych yn cael yr e-bost hwn gan { $brand }. Mae “Dewisiadau” yn dangos yr hyn y cytunoch iddo, ac yn ei newid.
letter-published = Cyhoeddwyd gan { $brand }.
